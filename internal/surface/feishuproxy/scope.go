package feishuproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// maxPrepareBytes bounds the body of upload_prepare, in bytes, where it is read to see which base it names.
const maxPrepareBytes = 64 << 10

// keepWithin refuses a call on media, wiki nodes or people that reaches beyond the base (target.AppToken) or table (target.Only) of
// the caller's key:
//
//   - a file is uploaded for that base alone. Blocks and the end of an upload name it by its upload_id, which only its beginner knows.
//   - a file is downloaded by its token, which whoever may read its row knows; an extra that names a table names that of the key.
//   - a wiki node has to lead to that base.
//   - people are of the whole tenant: no call.
//
// The body of upload_all is checked while it is sent: it comes in place of c.Body.
func (p *Proxy) keepWithin(ctx context.Context, target *tool.Target, api *feishu.API, c *Call) (*checkedUpload, error) {
	query, err := url.ParseQuery(c.RawQuery)
	if err != nil {
		return nil, tool.BeyondKey() // what it names is not certain
	}
	switch api {
	case feishu.APIUploadAll:
		check, err := checkUpload(c, target)
		if err == nil {
			c.Body = check
		}
		return check, err
	case feishu.APIUploadPrepare:
		return nil, checkPrepare(c, target)
	case feishu.APIUploadPart, feishu.APIUploadFinish:
		return nil, nil
	case feishu.APIDownload, feishu.APITmpURLs:
		return nil, checkDownload(query["extra"], target)
	case feishu.APIGetNode:
		return nil, p.checkNode(ctx, query, target)
	}
	return nil, tool.BeyondKey()
}

// checkNode refuses a node that does not lead to the key's base, whether there is such a node or not.
func (p *Proxy) checkNode(ctx context.Context, query url.Values, target *tool.Target) error {
	if len(query["token"]) != 1 || len(query["obj_type"]) > 1 {
		return tool.BeyondKey()
	}
	token := query.Get("token")
	switch query.Get("obj_type") {
	case "bitable":
		if token == target.AppToken {
			return nil
		}
	case "", "wiki":
		leads, err := p.Guard.LeadsTo(ctx, target.App, token, target.AppToken)
		if leads {
			return nil
		}
		if e := problem.From(err); err != nil && e.Status() >= 500 { // nothing is known of the node
			return err
		}
	}
	return tool.BeyondKey()
}

// checkDownload refuses an extra that names another table than the key's, or could; a key of a whole base may name any.
func checkDownload(extras []string, target *tool.Target) error {
	if target.Only == "" {
		return nil
	}
	for _, extra := range extras {
		var named struct {
			Perm struct {
				TableID string `json:"tableId"`
			} `json:"bitablePerm"`
		}
		if extra == "" {
			continue
		}
		once := strings.Count(strings.ToLower(extra), `"tableid"`) == 1 && !strings.Contains(extra, `\`)
		if err := json.Unmarshal([]byte(extra), &named); err != nil || !once || named.Perm.TableID != target.Only {
			return tool.BeyondKey()
		}
	}
	return nil
}

// checkPrepare reads the body of upload_prepare and refuses another base than the key's.
func checkPrepare(c *Call, target *tool.Target) error {
	if c.Body == nil {
		return nil // Feishu refuses it
	}
	body, err := io.ReadAll(io.LimitReader(c.Body, maxPrepareBytes+1))
	if err != nil {
		return err
	}
	if len(body) > maxPrepareBytes {
		return tool.BeyondKey()
	}
	c.Body = bytes.NewReader(body)
	fields, err := stringMembers(body)
	if err != nil {
		return tool.BeyondKey()
	}
	return checkParent(fields, target)
}

// fieldSet is what a body names, each name once.
type fieldSet map[string]string

// add keeps a field; false for a name that is there already, in any case.
func (f fieldSet) add(name, value string) bool {
	for other := range f {
		if strings.EqualFold(other, name) {
			return false
		}
	}
	f[name] = value
	return true
}

// isChecked reports whether a field says what an upload is for.
func isChecked(name string) bool {
	return name == "parent_type" || name == "parent_node" || name == "extra"
}

var errUncertain = errors.New("the body can be read in more than one way")

// stringMembers returns the members of a JSON object that are texts. Two members of one name, in any case, are an error: they could be
// read in two ways.
func stringMembers(body []byte) (fieldSet, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errUncertain
	}
	fields := fieldSet{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		key, _ := name.(string)
		text, isText := value.(string)
		if !fields.add(key, text) || !isText && isChecked(key) {
			return nil, errUncertain
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errUncertain
	}
	return fields, nil
}

// checkParent refuses a file for anything but the key's base.
func checkParent(fields fieldSet, target *tool.Target) error {
	for _, name := range []string{"parent_type", "parent_node", "extra"} {
		if err := checkField(name, fields[name], target); err != nil {
			return err
		}
	}
	return nil
}

// checkField refuses the value of a field that is for anything but the key's base.
func checkField(name, value string, target *tool.Target) error {
	own := false
	switch name {
	case "parent_type":
		own = value == client.ParentFile || value == client.ParentImage
	case "parent_node":
		own = value == target.AppToken
	case "extra":
		extra, err := stringMembers([]byte(value))
		own = value == "" || err == nil && len(extra) == 1 && extra["drive_route_token"] == target.AppToken
	}
	if !own {
		return tool.BeyondKey()
	}
	return nil
}
