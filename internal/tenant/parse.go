package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// hashName marks a value as the SHA-256 of a passphrase in hex. It is not allowed as a name.
const hashName = "sha256"

// validName matches the allowed names of passphrases. Names appear in logs and in connection keys.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// ParsePassphrases reads ROWGATE_PASSPHRASE: name:value or name:sha256:<hex>, comma-separated; a bare value is named
// default. Neither name nor value begins with KeyPrefix. It returns the passphrases, or a text for each wrong entry; the texts give
// the number of the entry, never a value.
func ParsePassphrases(list secret.Text) (Passphrases, []problem.Text) {
	var all Passphrases
	var wrong []problem.Text
	for i, item := range strings.Split(list.Reveal(), ",") {
		passphrase, why := parsePassphrase(strings.TrimSpace(item))
		if why.IsZero() {
			why = all.conflict(passphrase)
		}
		if !why.IsZero() {
			wrong = append(wrong, problem.Text{ZH: fmt.Sprintf("第 %d 项：%s", i+1, why.ZH), EN: fmt.Sprintf("Entry %d: %s", i+1, why.EN)})
			continue
		}
		all = append(all, passphrase)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return all, nil
}

func parsePassphrase(item string) (Passphrase, problem.Text) {
	name, value, named := strings.Cut(item, ":")
	if !named {
		name, value = DefaultName, item
	}
	digest, hashed := strings.CutPrefix(value, hashName+":")
	switch {
	case value == "":
		return Passphrase{}, problem.Text{ZH: "口令为空。", EN: "The passphrase is empty."}
	case name == hashName:
		return Passphrase{}, problem.Text{ZH: "sha256: 前面要有名称：name:sha256:<hex>。", EN: "A hash needs a name: name:sha256:<hex>."}
	case !validName.MatchString(name):
		return Passphrase{}, problem.Text{
			ZH: "名称（第一个冒号之前）只能有字母、数字、_、. 和 -，最多 64 个。",
			EN: "The name, before the first colon, may have only letters, digits, _, . and -, and at most 64 of them.",
		}
	case strings.HasPrefix(name, KeyPrefix), strings.HasPrefix(value, KeyPrefix):
		return Passphrase{}, problem.Text{
			ZH: "名称和口令都不能以 " + KeyPrefix + " 开头。", EN: "Neither name nor passphrase may begin with " + KeyPrefix + ".",
		}
	case strings.ContainsFunc(value, unicode.IsControl):
		return Passphrase{}, problem.Text{
			ZH: "口令不能含有控制字符或换行。", EN: "A passphrase must not contain control characters or line breaks.",
		}
	case !hashed:
		return NewPassphrase(name, secret.New(value)), problem.Text{}
	}
	hash, err := hex.DecodeString(digest)
	if err != nil || len(hash) != sha256.Size {
		return Passphrase{}, problem.Text{
			ZH: "sha256: 后面要有 64 位十六进制数。", EN: "sha256: must be followed by 64 hexadecimal digits.",
		}
	}
	return Passphrase{Name: name, Hash: [sha256.Size]byte(hash)}, problem.Text{}
}

// conflict returns why one cannot be added to p: names are unique, and so are passphrases. It is the zero Text if it can.
func (p Passphrases) conflict(one Passphrase) problem.Text {
	for _, other := range p {
		switch {
		case other.Name == one.Name:
			return problem.Text{ZH: "名称 " + one.Name + " 出现了两次。", EN: "The name " + one.Name + " is used twice."}
		case other.Hash == one.Hash:
			return problem.Text{ZH: "与 " + other.Name + " 是同一个口令。", EN: "It is the same passphrase as " + other.Name + "."}
		}
	}
	return problem.Text{}
}
