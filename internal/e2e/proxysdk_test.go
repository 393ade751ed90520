package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkbitable "github.com/larksuite/oapi-sdk-go/v3/service/bitable/v1"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// sdkTurn keeps the tests that use the SDK apart: its cache of tokens is process-wide.
var sdkTurn sync.Mutex

// sdk is the official Go SDK with the service as its base URL.
func (s single) sdk(appID, credential string) *larkbitable.V1 {
	return larkbitable.New(s.sdkConfig(appID, credential))
}

func (s single) sdkConfig(appID, credential string) *larkcore.Config {
	config := &larkcore.Config{
		BaseUrl: s.app.URL(), AppId: appID, AppSecret: credential, AppType: larkcore.AppTypeSelfBuilt, EnableTokenCache: true,
		HttpClient: s.client, LogLevel: larkcore.LogLevelError,
	}
	larkcore.NewLogger(config)
	larkcore.NewSerialization(config)
	config.TokenCache = &sdkCache{}
	larkcore.NewCache(config) // process-wide: a client is used before the next one is made
	return config
}

// sdkCache keeps the tokens of one SDK client: the SDK's own cache names them by app_id alone.
type sdkCache struct{ tokens sync.Map }

// Set implements larkcore.Cache.
func (c *sdkCache) Set(_ context.Context, key, value string, _ time.Duration) error {
	c.tokens.Store(key, value)
	return nil
}

// Get implements larkcore.Cache.
func (c *sdkCache) Get(_ context.Context, key string) (string, error) {
	value, _ := c.tokens.Load(key)
	text, _ := value.(string)
	return text, nil
}

// TestProxyOfficialSDK: the official Go SDK does its work through the proxy and understands its refusals.
func TestProxyOfficialSDK(t *testing.T) {
	t.Parallel()
	sdkTurn.Lock()
	defer sdkTurn.Unlock()
	s := setupSingle(t, options{})
	create := func(client *larkbitable.V1, app, table string) (*larkbitable.CreateAppTableRecordResp, error) {
		return client.AppTableRecord.Create(t.Context(), larkbitable.NewCreateAppTableRecordReqBuilder().AppToken(app).TableId(table).
			AppTableRecord(larkbitable.NewAppTableRecordBuilder().Fields(map[string]any{"主题": "Go"}).Build()).Build())
	}
	if got, err := create(s.sdk(appID, s.token), baseName, s.table); err != nil || !got.Success() || got.Data.Record.RecordId == nil {
		t.Fatalf("%+v %v", got, err)
	}
	limited := s.key(baseName, s.table)
	for _, test := range []struct {
		name, credential, app string
		code                  int
		says                  string
	}{
		{"another base than the key's", limited, "bascnOther1", 91403, "密钥"},
		{"a base that Feishu has not", s.token, "bascnNowhere", 91402, ""},
	} {
		got, err := create(s.sdk(appID, test.credential), test.app, s.table)
		if err != nil || got.Code != test.code || !strings.Contains(strings.ToLower(got.Msg), test.says) {
			t.Errorf("%s: %+v %v", test.name, got, err)
		}
	}
	t.Run("a key that writes no fields", func(t *testing.T) {
		got, err := s.sdk(appID, limited).AppTableField.Create(t.Context(), larkbitable.NewCreateAppTableFieldReqBuilder().AppToken(baseName).
			TableId(s.table).AppTableField(larkbitable.NewAppTableFieldBuilder().FieldName("x").Type(1).Build()).Build())
		if err != nil || got.Code != 91403 || got.StatusCode != http.StatusForbidden {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("a wrong credential is refused with Feishu's code", func(t *testing.T) {
		_, err := create(s.sdk(appID, "wrong"), baseName, s.table)
		refused, ok := errors.AsType[*larkcore.CodeError](err)
		if !ok {
			value, isValue := errors.AsType[larkcore.CodeError](err)
			refused, ok = &value, isValue
		}
		if !ok || refused.Code != 10014 || refused.Msg == "" {
			t.Errorf("%T %v", err, err)
		}
	})
	t.Run("a lost answer names client_token", func(t *testing.T) {
		s.fault(sandbox.Fault{Endpoint: "record.create", Count: 1, Action: sandbox.ActionCut, When: sandbox.AfterCommit})
		got, err := create(s.sdk(appID, s.token), baseName, s.table)
		if err != nil || got.Code != 1255040 || !strings.Contains(got.Msg, "client_token") {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("a call that is not served is told which are", func(t *testing.T) {
		got, err := s.sdk(appID, s.token).AppRole.List(t.Context(), larkbitable.NewListAppRoleReqBuilder().AppToken(baseName).Build())
		if err != nil || got.Code != http.StatusNotFound ||
			!strings.Contains(string(got.RawBody), "POST /open-apis/bitable/v1/apps/:app_token/tables/:table_id/records/batch_create") {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("what the edge refuses is in Feishu's shape", func(t *testing.T) {
		for path, status := range map[string]int{"/open-apis/base/v3/bases/x/tables": 404, "/open-apis/bitable/v1/apps/x/roles": 403} {
			got := s.send(http.MethodGet, path, "wrong", "", nil)
			if got.status != status || got.header.Get("Content-Type") != feishuJSON || !strings.HasPrefix(got.raw, `{"code":`) ||
				strings.HasPrefix(got.raw, `{"code":"`) {
				t.Errorf("%s: %d %v %s", path, got.status, got.header, got.raw)
			}
		}
		other := s.send(http.MethodGet, "/open-apis/base/v3/bases/x/tables", s.token, "", nil)
		if !strings.Contains(other.raw, "base/v3") || !strings.Contains(other.raw, `"served":[`) || strings.Contains(other.raw, "斜杠") {
			t.Errorf("a call that is not of bitable/v1: %s", other.raw)
		}
		large := s.send(http.MethodPost, s.records(), s.token, strings.Repeat("x", 21<<20), nil)
		if large.status != http.StatusRequestEntityTooLarge || !strings.HasPrefix(large.raw, `{"code":413,"msg":`) {
			t.Errorf("%d %.300s", large.status, large.raw)
		}
	})
}
