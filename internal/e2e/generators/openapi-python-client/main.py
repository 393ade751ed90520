"""Uses the client that openapi-python-client generates (see ../run.sh): it writes rows, finds them, diagnoses the connection,
reads a job and reads a problem."""

import sys
import time

from rowgate.api.records import diagnose_connection, get_job, search_records, write_records
from rowgate.client import AuthenticatedClient
from rowgate.models.diagnose_connection_input import DiagnoseConnectionInput
from rowgate.models.job_get_input import JobGetInput
from rowgate.models.job_status_result_type_0 import JobStatusResultType0
from rowgate.models.job_status_state import JobStatusState
from rowgate.models.problem import Problem
from rowgate.models.record_search_input import RecordSearchInput
from rowgate.models.record_write_input import RecordWriteInput

ATTEMPTS = 100  # questions for the job
PAUSE_SECONDS = 0.1


def rows(*values: dict, **options) -> RecordWriteInput:
    return RecordWriteInput.from_dict({"records": list(values), **options})


def main(url: str, key: str) -> None:
    client = AuthenticatedClient(base_url=url, token=key)

    receipt = write_records.sync(
        client=client, body=rows({"标题": "openapi-python-client 1", "播放量": "1,024"}, {"标题": "openapi-python-client 2"})
    )
    assert receipt.ok and receipt.created == 2 and len(receipt.warnings) == 1, receipt
    where = RecordSearchInput.from_dict({"where": {"标题": "openapi-python-client 1"}})
    found = search_records.sync(client=client, body=where)
    assert len(found.records) == 1 and found.records[0]["播放量"] == 1024, found
    assert found.records[0]["record_id"] == receipt.record_ids[0], found

    diagnosis = diagnose_connection.sync(client=client, body=DiagnoseConnectionInput())
    assert diagnosis.ok and diagnosis.steps, diagnosis
    assert all(step.ok and step.feishu is None for step in diagnosis.steps), diagnosis

    accepted = write_records.sync(client=client, body=rows({"标题": "openapi-python-client 3"}, **{"async": True}))
    assert accepted.ok and accepted.job_id, accepted
    for _ in range(ATTEMPTS):
        job = get_job.sync(client=client, body=JobGetInput(job_id=accepted.job_id))
        assert job.problem is None, job
        if job.state == JobStatusState.DONE:
            break
        time.sleep(PAUSE_SECONDS)
    assert isinstance(job.result, JobStatusResultType0) and job.result.created == 1, job

    problem = write_records.sync(client=client, body=rows({"标题x": "openapi-python-client"}))
    assert isinstance(problem, Problem) and problem.code == "invalid_rows", problem
    assert problem.errors[0].code == "field_not_found", problem


main(*sys.argv[1:])
print("wrote, searched, diagnosed, read a job and a problem")
