package main

import (
	"github.com/rowgate/rowgate/internal/sandbox"
)

// The sample base that the demo and the simulator start with. All of it is the same at every start, so that calls and connection keys
// that were made for one run of the simulator work in the next.
const (
	sampleAppID    = "cli_example"
	sampleSecret   = "sandboxSecretExample" // it opens the simulator, nothing else
	sampleBase     = "bascnExample"
	sampleWiki     = "wikcnExample"
	samplePersonal = "pt-sandboxExample" // the base's PersonalBaseToken
	sampleVideos   = "视频"
	sampleVideosID = "tblExampleVideos"
	sampleGroupsID = "tblExampleChannels"
)

// sample is the base of a team that rewrites videos: a table that a workflow fills, and one that it links to.
type sample struct {
	sandbox  *sandbox.Sandbox
	appID    string
	secret   string
	videos   string // table_id
	channel  string // record_id of the row that videos link to
	channels string // table_id
}

// newSample makes the sample app, the base and its two tables.
func newSample(sb *sandbox.Sandbox) (*sample, error) {
	return newSampleOf(sb, sampleAppID, sampleSecret)
}

// newSampleOf makes the base and its two tables for an app of that id and secret.
func newSampleOf(sb *sandbox.Sandbox, appID, secret string) (*sample, error) {
	s := &sample{sandbox: sb, appID: appID, secret: secret}
	if err := sb.AddApp(sandbox.AppSpec{ID: appID, Secret: secret}); err != nil {
		return nil, err
	}
	if err := sb.AddPerson(sandbox.PersonSpec{OpenID: "ou_example", Name: "小林", EnName: "Lin", Email: "lin@example.com"}); err != nil {
		return nil, err
	}
	base, err := sb.AddBase(sandbox.BaseSpec{
		Token: sampleBase, Name: "视频改写", Collaborators: []string{appID}, WikiNode: sampleWiki, PersonalToken: samplePersonal,
	})
	if err != nil {
		return nil, err
	}
	if s.channels, err = base.AddTableSpec(sandbox.TableSpec{
		ID: sampleGroupsID, Name: "频道", Fields: []sandbox.FieldSpec{{Name: "名称", Type: 1}},
	}); err != nil {
		return nil, err
	}
	ids, err := base.AddRows(s.channels, map[string]any{"名称": "一人食"})
	if err != nil {
		return nil, err
	}
	s.channel = ids[0]
	s.videos, err = base.AddTableSpec(sandbox.TableSpec{ID: sampleVideosID, Name: sampleVideos, Fields: []sandbox.FieldSpec{
		{Name: "标题", Type: 1},
		{Name: "平台", Type: 3, Options: []string{"抖音", "B站", "小红书"}},
		{Name: "标签", Type: 4, Options: []string{"美食", "家常菜"}},
		{Name: "发布日期", Type: 5, Property: map[string]any{"date_formatter": "yyyy-MM-dd HH:mm"}},
		{Name: "播放量", Type: 2, Property: map[string]any{"formatter": "1,000"}},
		{Name: "完播率", Type: 2, UIType: "Progress", Property: map[string]any{"formatter": "0%"}},
		{Name: "已发布", Type: 7},
		{Name: "负责人", Type: 11},
		{Name: "原视频", Type: 15},
		{Name: "频道", Type: 18, Property: map[string]any{"table_id": s.channels, "multiple": true}},
		{Name: "改写文案", Type: 1},
	}})
	return s, err
}

// sampleDate is the column of dates.
const sampleDate = "发布日期"

// sampleColumns are the columns of the table of videos, in its order.
var sampleColumns = []string{"标题", "平台", "标签", "发布日期", "播放量", "完播率", "已发布", "负责人", "原视频", "频道", "改写文案"}
