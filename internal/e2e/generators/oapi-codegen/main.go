// Command oapi-codegen uses the client that oapi-codegen generates (see ../run.sh): it writes rows, finds them, diagnoses the
// connection, reads a job and reads a problem.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"example.com/generated/rowgate"
)

const (
	attempts = 100 // questions for the job
	pause    = 100 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("wrote, searched, diagnosed, read a job and a problem")
}

func run(ctx context.Context, url, key string) error {
	authorize := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	}
	c, err := rowgate.NewClientWithResponses(url, rowgate.WithRequestEditorFn(authorize))
	if err != nil {
		return err
	}
	for name, step := range map[string]func(context.Context, *rowgate.ClientWithResponses) error{
		"rows": rows, "diagnosis": diagnosis, "job": job, "problem": problem,
	} {
		if err := step(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func rows(ctx context.Context, c *rowgate.ClientWithResponses) error {
	wrote, err := c.WriteRecordsWithResponse(ctx, rowgate.RecordWriteInput{
		Records: &[]map[string]any{{"标题": "oapi-codegen 1", "播放量": "1,024"}, {"标题": "oapi-codegen 2"}},
	})
	if err != nil {
		return err
	}
	receipt := wrote.JSON200
	if receipt == nil || !receipt.Ok || *receipt.Created != 2 || len(*receipt.RecordIds) != 2 || len(*receipt.Warnings) != 1 {
		return fmt.Errorf("wrote %s", wrote.Body)
	}
	found, err := c.SearchRecordsWithResponse(ctx, rowgate.RecordSearchInput{Where: &map[string]any{"标题": "oapi-codegen 1"}})
	if err != nil {
		return err
	}
	if found.JSON200 == nil || len(found.JSON200.Records) != 1 {
		return fmt.Errorf("found %s", found.Body)
	}
	if row, _ := found.JSON200.Records[0].(map[string]any); row["播放量"] != 1024.0 || row["record_id"] != (*receipt.RecordIds)[0] {
		return fmt.Errorf("found %v", row)
	}
	return nil
}

func diagnosis(ctx context.Context, c *rowgate.ClientWithResponses) error {
	got, err := c.DiagnoseConnectionWithResponse(ctx, rowgate.DiagnoseConnectionInput{})
	if err != nil {
		return err
	}
	if got.JSON200 == nil || !got.JSON200.Ok || len(got.JSON200.Steps) == 0 {
		return fmt.Errorf("got %s", got.Body)
	}
	for _, step := range got.JSON200.Steps {
		if !step.Ok || step.Feishu != nil {
			return fmt.Errorf("the step %s: %+v", step.Step, step)
		}
	}
	return nil
}

func job(ctx context.Context, c *rowgate.ClientWithResponses) error {
	async := true
	wrote, err := c.WriteRecordsWithResponse(ctx, rowgate.RecordWriteInput{
		Records: &[]map[string]any{{"标题": "oapi-codegen 3"}}, Async: &async,
	})
	if err != nil {
		return err
	}
	if wrote.JSON202 == nil || wrote.JSON202.JobId == nil {
		return fmt.Errorf("accepted %s", wrote.Body)
	}
	for range attempts {
		got, err := c.GetJobWithResponse(ctx, rowgate.JobGetInput{JobId: wrote.JSON202.JobId})
		if err != nil {
			return err
		}
		switch job := got.JSON200; {
		case job == nil || job.Problem != nil:
			return fmt.Errorf("got %s", got.Body)
		case job.State == rowgate.JobStatusStateDone:
			if *job.Result.Created != 1 {
				return fmt.Errorf("done: %s", got.Body)
			}
			return nil
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("%s is not done", *wrote.JSON202.JobId)
}

func problem(ctx context.Context, c *rowgate.ClientWithResponses) error {
	got, err := c.WriteRecordsWithResponse(ctx, rowgate.RecordWriteInput{Records: &[]map[string]any{{"标题x": "oapi-codegen"}}})
	if err != nil {
		return err
	}
	problem := got.ApplicationproblemJSONDefault
	if problem == nil || problem.Code != "invalid_rows" || problem.Errors == nil || (*problem.Errors)[0].Code != "field_not_found" {
		return fmt.Errorf("got %s", got.Body)
	}
	return nil
}
