package main

import (
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// The sample base that the demo and the simulator start with.
const (
	sampleAppID  = "cli_example"
	sampleBase   = "bascnExample"
	sampleVideos = "视频"
)

// sample is the base of a team that rewrites videos: a table that a workflow fills, and one that it links to.
type sample struct {
	sandbox  *sandbox.Sandbox
	secret   string // generated: not even a sample secret is written down
	videos   string // table_id
	channel  string // record_id of the row that videos link to
	channels string // table_id
}

// newSample makes the app, the base and its two tables.
func newSample(sb *sandbox.Sandbox) (*sample, error) {
	s := &sample{sandbox: sb, secret: secret.GenerateKey()}
	if err := sb.AddApp(sandbox.AppSpec{ID: sampleAppID, Secret: s.secret}); err != nil {
		return nil, err
	}
	if err := sb.AddPerson(sandbox.PersonSpec{OpenID: "ou_example", Name: "小林", EnName: "Lin", Email: "lin@example.com"}); err != nil {
		return nil, err
	}
	base, err := sb.AddBase(sandbox.BaseSpec{Token: sampleBase, Name: "视频改写", Collaborators: []string{sampleAppID}, WikiNode: "wikcnExample"})
	if err != nil {
		return nil, err
	}
	if s.channels, err = base.AddTable("频道", sandbox.FieldSpec{Name: "名称", Type: 1}); err != nil {
		return nil, err
	}
	ids, err := base.AddRows(s.channels, map[string]any{"名称": "一人食"})
	if err != nil {
		return nil, err
	}
	s.channel = ids[0]
	s.videos, err = base.AddTable(sampleVideos,
		sandbox.FieldSpec{Name: "标题", Type: 1},
		sandbox.FieldSpec{Name: "平台", Type: 3, Options: []string{"抖音", "B站", "小红书"}},
		sandbox.FieldSpec{Name: "标签", Type: 4, Options: []string{"美食", "家常菜"}},
		sandbox.FieldSpec{Name: "发布日期", Type: 5, Property: map[string]any{"date_formatter": "yyyy-MM-dd HH:mm"}},
		sandbox.FieldSpec{Name: "播放量", Type: 2, Property: map[string]any{"formatter": "1,000"}},
		sandbox.FieldSpec{Name: "完播率", Type: 2, UIType: "Progress", Property: map[string]any{"formatter": "0%"}},
		sandbox.FieldSpec{Name: "已发布", Type: 7},
		sandbox.FieldSpec{Name: "负责人", Type: 11},
		sandbox.FieldSpec{Name: "原视频", Type: 15},
		sandbox.FieldSpec{Name: "频道", Type: 18, Property: map[string]any{"table_id": s.channels, "multiple": true}},
		sandbox.FieldSpec{Name: "改写文案", Type: 1},
	)
	return s, err
}

// sampleColumns are the columns of the table of videos, in its order.
var sampleColumns = []string{"标题", "平台", "标签", "发布日期", "播放量", "完播率", "已发布", "负责人", "原视频", "频道", "改写文案"}
