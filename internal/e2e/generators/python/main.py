"""Uses the client that openapi-generator generates for Python (see ../run.sh): it writes rows, finds them, diagnoses the
connection, reads a job and reads a problem."""

import sys
import time

import openapi_client as rowgate

ATTEMPTS = 100  # questions for the job
PAUSE_SECONDS = 0.1


def main(url: str, key: str) -> None:
    configuration = rowgate.Configuration(host=url, access_token=key)
    with rowgate.ApiClient(configuration) as client:
        api = rowgate.RecordsApi(client)

        receipt = api.write_records(
            rowgate.RecordWriteInput(records=[{"标题": "python 1", "播放量": "1,024"}, {"标题": "python 2"}])
        )
        assert receipt.ok and receipt.created == 2 and len(receipt.warnings) == 1, receipt
        found = api.search_records(record_search_input=rowgate.RecordSearchInput(where={"标题": "python 1"}))
        assert len(found.records) == 1 and found.records[0]["播放量"] == 1024, found
        assert found.records[0]["record_id"] == receipt.record_ids[0], found

        diagnosis = api.diagnose_connection(diagnose_connection_input=rowgate.DiagnoseConnectionInput())
        assert diagnosis.ok and diagnosis.steps, diagnosis
        assert all(step.ok and step.feishu is None for step in diagnosis.steps), diagnosis

        accepted = api.write_records(rowgate.RecordWriteInput(records=[{"标题": "python 3"}], var_async=True))
        assert accepted.ok and accepted.job_id, accepted
        for _ in range(ATTEMPTS):
            job = api.get_job(job_get_input=rowgate.JobGetInput(job_id=accepted.job_id))
            assert job.problem is None, job
            if job.state == "done":
                break
            time.sleep(PAUSE_SECONDS)
        assert job.result is not None and job.result.created == 1, job

        try:
            api.write_records(rowgate.RecordWriteInput(records=[{"标题x": "python"}]))
            raise AssertionError("a row with an unknown column was taken")
        except rowgate.ApiException as failed:
            problem = rowgate.Problem.from_json(failed.body)
            assert problem.code == "invalid_rows" and problem.errors[0].code == "field_not_found", problem


main(*sys.argv[1:])
print("wrote, searched, diagnosed, read a job and a problem")
