// Command ogen uses the client that ogen generates (see ../run.sh): it writes rows, finds them, diagnoses the connection, reads a
// job and reads a problem.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/go-faster/jx"

	"example.com/generated/rowgate"
)

const (
	attempts = 100 // questions for the job
	pause    = 100 * time.Millisecond
)

// key authorizes each call.
type key string

func (k key) Bearer(context.Context, rowgate.OperationName) (rowgate.Bearer, error) {
	return rowgate.Bearer{Token: string(k)}, nil
}

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("wrote, searched, diagnosed, read a job and a problem")
}

func run(ctx context.Context, url, secret string) error {
	c, err := rowgate.NewClient(url, key(secret))
	if err != nil {
		return err
	}
	for name, step := range map[string]func(context.Context, *rowgate.Client) error{
		"rows": rows, "diagnosis": diagnosis, "job": job, "problem": problem,
	} {
		if err := step(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// row is a row of columns and their values.
func row(pairs ...string) rowgate.RecordWriteInputRecordsItem {
	out := rowgate.RecordWriteInputRecordsItem{}
	for i := 0; i < len(pairs); i += 2 {
		value, _ := json.Marshal(pairs[i+1]) // a text cannot fail
		out[pairs[i]] = jx.Raw(value)
	}
	return out
}

func rows(ctx context.Context, c *rowgate.Client) error {
	wrote, err := c.WriteRecords(ctx, &rowgate.RecordWriteInput{
		Records: []rowgate.RecordWriteInputRecordsItem{row("标题", "ogen 1", "播放量", "1,024"), row("标题", "ogen 2")},
	})
	if err != nil {
		return err
	}
	receipt, ok := wrote.(*rowgate.WriteRecordsOK)
	if !ok || !receipt.Ok || receipt.Created.Value != 2 || len(receipt.RecordIds) != 2 || len(receipt.Warnings) != 1 {
		return fmt.Errorf("wrote %+v", wrote)
	}
	found, err := c.SearchRecords(ctx, rowgate.NewOptRecordSearchInput(rowgate.RecordSearchInput{
		Where: rowgate.NewOptRecordSearchInputWhere(rowgate.RecordSearchInputWhere{"标题": jx.Raw(`"ogen 1"`)}),
	}))
	if err != nil {
		return err
	}
	if len(found.Records) != 1 {
		return fmt.Errorf("found %+v", found)
	}
	var first struct {
		ID    string  `json:"record_id"`
		Count float64 `json:"播放量"`
	}
	if err := json.Unmarshal(found.Records[0], &first); err != nil || first.Count != 1024 || first.ID != receipt.RecordIds[0] {
		return fmt.Errorf("found %s, %w", found.Records[0], err)
	}
	return nil
}

func diagnosis(ctx context.Context, c *rowgate.Client) error {
	got, err := c.DiagnoseConnection(ctx, rowgate.NewOptDiagnoseConnectionInput(rowgate.DiagnoseConnectionInput{}))
	if err != nil {
		return err
	}
	if !got.Ok || len(got.Steps) == 0 {
		return fmt.Errorf("got %+v", got)
	}
	for _, step := range got.Steps {
		if !step.Ok || !step.Feishu.IsNull() {
			return fmt.Errorf("the step %s: %+v", step.Step, step)
		}
	}
	return nil
}

func job(ctx context.Context, c *rowgate.Client) error {
	wrote, err := c.WriteRecords(ctx, &rowgate.RecordWriteInput{
		Records: []rowgate.RecordWriteInputRecordsItem{row("标题", "ogen 3")}, Async: rowgate.NewOptBool(true),
	})
	if err != nil {
		return err
	}
	accepted, ok := wrote.(*rowgate.WriteRecordsAccepted)
	if !ok || !accepted.JobID.Set {
		return fmt.Errorf("accepted %+v", wrote)
	}
	for range attempts {
		job, err := c.GetJob(ctx, rowgate.NewOptJobGetInput(rowgate.JobGetInput{JobID: accepted.JobID}))
		switch {
		case err != nil:
			return err
		case !job.Problem.IsNull():
			return fmt.Errorf("got %+v", job)
		case job.State == rowgate.JobStatusStateDone:
			if job.Result.Value.Created.Value != 1 {
				return fmt.Errorf("done: %+v", job)
			}
			return nil
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("%s is not done", accepted.JobID.Value)
}

func problem(ctx context.Context, c *rowgate.Client) error {
	_, err := c.WriteRecords(ctx, &rowgate.RecordWriteInput{
		Records: []rowgate.RecordWriteInputRecordsItem{row("标题x", "ogen")},
	})
	failed, ok := errors.AsType[*rowgate.ProblemStatusCode](err)
	if !ok {
		return fmt.Errorf("got %w", err)
	}
	problem := failed.Response
	if problem.Code != "invalid_rows" || len(problem.Errors) == 0 || problem.Errors[0].Code != "field_not_found" {
		return fmt.Errorf("got %+v", problem)
	}
	return nil
}
