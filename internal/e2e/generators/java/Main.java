import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.RecordsApi;
import org.openapitools.client.model.DiagnoseConnectionInput;
import org.openapitools.client.model.DiagnoseDiagnosis;
import org.openapitools.client.model.JobGetInput;
import org.openapitools.client.model.JobStatus;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.RecordFound;
import org.openapitools.client.model.RecordReceipt;
import org.openapitools.client.model.RecordSearchInput;
import org.openapitools.client.model.RecordWriteInput;

/**
 * Uses the client that openapi-generator generates for Java (see ../run.sh): it writes rows, finds them, diagnoses the connection,
 * reads a job and reads a problem.
 */
public final class Main {
    private static final int ATTEMPTS = 100; // questions for the job
    private static final int PAUSE_MS = 100;

    public static void main(String[] args) throws Exception {
        ApiClient client = new ApiClient();
        client.setBasePath(args[0]);
        client.setBearerToken(args[1]);
        RecordsApi api = new RecordsApi(client);

        RecordReceipt receipt = api.writeRecords(rows(Map.of("标题", "java 1", "播放量", "1,024"), Map.of("标题", "java 2")));
        check(receipt.getOk() && receipt.getCreated() == 2 && receipt.getWarnings().size() == 1, receipt);
        RecordFound found = api.searchRecords(new RecordSearchInput().where(Map.of("标题", "java 1")));
        check(found.getRecords().size() == 1, found);
        Map<?, ?> row = (Map<?, ?>) found.getRecords().get(0);
        check(((Number) row.get("播放量")).longValue() == 1024, row);
        check(row.get("record_id").equals(receipt.getRecordIds().get(0)), row);

        DiagnoseDiagnosis diagnosis = api.diagnoseConnection(new DiagnoseConnectionInput());
        check(diagnosis.getOk() && !diagnosis.getSteps().isEmpty(), diagnosis);
        diagnosis.getSteps().forEach(step -> check(step.getOk() && step.getFeishu() == null, step));

        RecordReceipt accepted = api.writeRecords(rows(Map.of("标题", "java 3")).async(true));
        check(accepted.getOk() && accepted.getJobId() != null, accepted);
        JobStatus job = null;
        for (int i = 0; i < ATTEMPTS && (job == null || job.getState() != JobStatus.StateEnum.DONE); i++) {
            Thread.sleep(PAUSE_MS);
            job = api.getJob(new JobGetInput().jobId(accepted.getJobId()));
            check(job.getProblem() == null, job);
        }
        check(job.getResult() != null && job.getResult().getCreated() == 1, job);

        try {
            api.writeRecords(rows(Map.of("标题x", "java")));
            throw new AssertionError("a row with an unknown column was taken");
        } catch (ApiException failed) {
            Problem problem = Problem.fromJson(failed.getResponseBody());
            check(problem.getCode().equals("invalid_rows"), problem);
            check(problem.getErrors().get(0).getCode().equals("field_not_found"), problem);
        }
        System.out.println("wrote, searched, diagnosed, read a job and a problem");
    }

    @SafeVarargs
    private static RecordWriteInput rows(Map<String, Object>... rows) {
        return new RecordWriteInput().records(List.of(rows));
    }

    private static void check(boolean holds, Object got) {
        if (!holds) {
            throw new AssertionError("got " + got);
        }
    }

    private Main() {}
}
