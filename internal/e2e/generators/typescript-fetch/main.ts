// Uses the client that openapi-generator generates for typescript-fetch (see ../run.sh): it writes rows, finds them, diagnoses the
// connection, reads a job and reads a problem.
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { Configuration, ProblemFromJSON, RecordsApi, ResponseError } from './rowgate';

const attempts = 100; // questions for the job
const pauseMs = 100;

async function main() {
  const [url, key] = process.argv.slice(2) as [string, string];
  const api = new RecordsApi(new Configuration({ basePath: url, accessToken: key }));

  const receipt = await api.writeRecords({
    recordWriteInput: { records: [{ 标题: 'typescript 1', 播放量: '1,024' }, { 标题: 'typescript 2' }] },
  });
  assert.ok(receipt.ok);
  assert.equal(receipt.created, 2);
  assert.equal(receipt.warnings?.length, 1);
  const found = await api.searchRecords({ recordSearchInput: { where: { 标题: 'typescript 1' } } });
  assert.equal(found.records.length, 1);
  assert.equal(found.records[0]['播放量'], 1024);
  assert.equal(found.records[0]['record_id'], receipt.recordIds?.[0]);

  const diagnosis = await api.diagnoseConnection({ diagnoseConnectionInput: {} });
  assert.ok(diagnosis.ok && diagnosis.steps.length > 0);
  for (const step of diagnosis.steps) {
    assert.ok(step.ok && step.feishu === null, step.step);
  }

  const accepted = await api.writeRecords({ recordWriteInput: { records: [{ 标题: 'typescript 3' }], async: true } });
  assert.ok(accepted.ok && accepted.jobId);
  let job = await api.getJob({ jobGetInput: { jobId: accepted.jobId } });
  for (let i = 0; i < attempts && job.state !== 'done'; i++) {
    assert.equal(job.problem, null);
    await sleep(pauseMs);
    job = await api.getJob({ jobGetInput: { jobId: accepted.jobId } });
  }
  assert.equal(job.problem, null);
  assert.equal(job.result?.created, 1);

  const failed = await api.writeRecords({ recordWriteInput: { records: [{ 标题x: 'typescript' }] } }).catch((error: unknown) => error);
  assert.ok(failed instanceof ResponseError);
  const problem = ProblemFromJSON(await failed.response.json());
  assert.equal(problem.code, 'invalid_rows');
  assert.equal(problem.errors?.[0]?.code, 'field_not_found');

  console.log('wrote, searched, diagnosed, read a job and a problem');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
