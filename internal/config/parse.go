package config

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/rowgate/rowgate/internal/egress"
)

// listen returns the address of the service, "" if it is wrong.
func (l *loader) listen() string {
	if l.text("ROWGATE_LISTEN") != "" {
		return l.address("ROWGATE_LISTEN")
	}
	port := l.text("PORT")
	if port == "" {
		return DefaultListen
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		l.refuse("PORT", "%q 不是 1 到 65535 的端口号。", "%q is not a port number from 1 to 65535.", port)
		return ""
	}
	return net.JoinHostPort("0.0.0.0", port)
}

// address returns host:port, "" if it is unset or wrong.
func (l *loader) address(name string) string {
	address := l.text(name)
	if address == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		l.refuse(name, "%q 不是 主机:端口。例如 127.0.0.1:8080 或 [::1]:8080。",
			"%q is not host:port. Examples: 127.0.0.1:8080, [::1]:8080.", address)
		return ""
	}
	return address
}

// anyPort reports whether the system chooses the port of address.
func anyPort(address string) bool {
	_, port, _ := net.SplitHostPort(address)
	return strings.Trim(port, "0") == ""
}

// isLoopback reports whether only this machine reaches address.
func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// url returns the base of URLs, http or https, without a slash at its end; "" if it is unset or wrong. A wrong one is not
// shown: it may hold a password.
func (l *loader) url(name string) string {
	text := l.text(name)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		l.refuse(name, "不是 http 或 https 地址。例如 https://rowgate.example.com。",
			"It is not an http or https URL. Example: https://rowgate.example.com.")
	case u.User != nil || strings.ContainsAny(text, "?#"):
		l.refuse(name, "地址里不能有用户名、? 或 #。", "The URL must not contain a user name, ? or #.")
	case strings.HasSuffix(text, "/"):
		l.refuse(name, "末尾不能有斜杠。", "It must not end with a slash.")
	default:
		return text
	}
	return ""
}

// origin is url without a path: the paths of calls are Feishu's own.
func (l *loader) origin(name string) string {
	text := l.url(name)
	if u, err := url.Parse(text); err == nil && u.Path != "" {
		l.refuse(name, "只能是 协议://主机[:端口]，不带路径（/open-apis 由服务自己加上）。例如 https://open.feishu.cn。",
			"It must be scheme://host[:port] without a path (/open-apis is added by the service). Example: https://open.feishu.cn.")
		return ""
	}
	return text
}

func (l *loader) boolean(name string) bool {
	text := l.text(name)
	if text == "" {
		return false
	}
	value, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		l.refuse(name, "%q 既不是 true 也不是 false。", "%q is neither true nor false.", text)
	}
	return value
}

func (l *loader) logLevel(name string) slog.Level {
	levels := map[string]slog.Level{
		"": slog.LevelInfo, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[strings.ToLower(l.text(name))]
	if !ok {
		l.refuse(name, "%q 不是 debug、info、warn 或 error。", "%q is not debug, info, warn or error.", l.text(name))
	}
	return level
}

// prefixes returns CIDR ranges; an address alone is the range of itself.
func (l *loader) prefixes(name string) []netip.Prefix {
	var prefixes []netip.Prefix
	for item := range l.items(name) {
		prefix, err := netip.ParsePrefix(item)
		if address, isAddress := netip.ParseAddr(item); isAddress == nil && address.Zone() == "" {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			l.refuse(name, "%q 不是 IP 地址或网段。例如 10.0.0.0/8。", "%q is not an IP address or CIDR range. Example: 10.0.0.0/8.", item)
			continue
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes
}

// rules returns what callers may have opened beside the public internet.
func (l *loader) rules(name string) []egress.Rule {
	var rules []egress.Rule
	for item := range l.items(name) {
		rule, err := egress.ParseRule(item)
		if err != nil {
			l.refuse(name, "%q 不是主机名、主机名:端口、IP 地址或网段。例如 files.internal:9000 或 10.0.0.0/8。",
				"%q is not a host, host:port, an IP address or a CIDR range. Examples: files.internal:9000, 10.0.0.0/8.", item)
			continue
		}
		rules = append(rules, rule)
	}
	return rules
}

// origins returns scheme://host[:port] as browsers spell it, or *.
func (l *loader) origins(name string) []string {
	var origins []string
	for item := range l.items(name) {
		u, err := url.Parse(item)
		if item != "*" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
			item != u.Scheme+"://"+strings.ToLower(u.Host)) {
			l.refuse(name, "%q 不是网页来源。例如 https://app.example.com。", "%q is not an origin. Example: https://app.example.com.", item)
			continue
		}
		origins = append(origins, item)
	}
	return origins
}

// items yields what is not empty of a comma-separated list.
func (l *loader) items(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for item := range strings.SplitSeq(l.text(name), ",") {
			if item = strings.TrimSpace(item); item != "" && !yield(item) {
				return
			}
		}
	}
}
