//! What the helps say beside the options: examples, which are run by a test, and exit codes.

pub(super) const ALL: &str = "\
Examples:
  handler integration create aws -g my-group -n my-center -i shop -a https://my-vault.vault.azure.net/secrets/aws-access-key \\
    -s https://my-vault.vault.azure.net/secrets/aws-secret-access-key -r us-east-1
  handler integration plan -g my-group -n my-center -i shop
  handler doctor -g my-group -n my-center -i shop
  handler explain orders -g my-group -n my-center -i shop

Exit codes:
  0    done
  1    it failed
  2    with --exit-code, a plan has changes
  3    not all is well: a run was partial or held, a plan is incomplete, or doctor has found something missing
  64   the arguments cannot be used
  130  interrupted

Environment:
  AZURE_SUBSCRIPTION_ID, APICENTER_RESOURCE_ID  the API center, where options leave it open
  FUNCTION_KEY                                  the key for --function-url";

pub(super) const CREATE: &str = "\
Examples:
  handler integration create aws -g my-group -n my-center -i shop -a https://my-vault.vault.azure.net/secrets/aws-access-key \\
    -s https://my-vault.vault.azure.net/secrets/aws-secret-access-key -r us-east-1
  handler integration create aws -g my-group -n my-center -i shop -r us-east-1 \\
    --aws-role-arn arn:aws:iam::123456789012:role/apicenter-sync --function-url https://my-app.azurewebsites.net";

pub(super) const LIST: &str = "\
Example:
  handler integration list -g my-group -n my-center -o table";

pub(super) const SHOW: &str = "\
Example:
  handler integration show -g my-group -n my-center -i shop -o yaml";

pub(super) const DELETE: &str = "\
Example:
  handler integration delete -g my-group -n my-center -i shop --yes";

pub(super) const SYNC: &str = "\
Examples:
  handler integration sync -g my-group -n my-center -i shop
  handler integration sync -g my-group -n my-center -i shop --deep -o json

Exit code 0 when all is in line, 3 when APIs failed or remain or deletions are held, 1 when nothing could be planned.";

pub(super) const PLAN: &str = "\
Examples:
  handler integration plan -g my-group -n my-center -i shop
  handler integration plan -g my-group -n my-center -i shop --exit-code -o json

With --exit-code: 0 when there is nothing to change, 2 when there is. An incomplete plan without changes ends with 3.";

pub(super) const DOCTOR: &str = "\
Examples:
  handler doctor -g my-group -n my-center
  handler doctor -g my-group -n my-center -i shop -o json

Exit code 0 when nothing is missing, 3 when something is. With --function-url the function app checks under its own identity.";

pub(super) const EXPLAIN: &str = "\
Example:
  handler explain orders -g my-group -n my-center -i shop";

pub(super) const COMPLETIONS: &str = "\
Example:
  handler completions bash";

pub(super) const MAN: &str = "\
Example:
  handler man";
