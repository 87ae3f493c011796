//! The end of the help texts: examples, which a test runs, and exit codes.

pub(super) const ALL: &str = "\
Examples:
  apicenter-aws-sync integration create aws -g my-group -n my-center -i shop -a https://my-vault.vault.azure.net/secrets/aws-access-key \\
    -s https://my-vault.vault.azure.net/secrets/aws-secret-access-key -r us-east-1
  apicenter-aws-sync integration plan -g my-group -n my-center -i shop
  apicenter-aws-sync doctor -g my-group -n my-center -i shop
  apicenter-aws-sync explain orders -g my-group -n my-center -i shop

Exit codes:
  0    done
  1    it failed
  2    with --exit-code, a plan has changes
  3    incomplete: a run was partial or held, a plan is incomplete, or the doctor found something missing
  64   invalid arguments
  130  interrupted

Environment:
  AZURE_SUBSCRIPTION_ID, APICENTER_RESOURCE_ID  the API center, unless options name it
  FUNCTION_KEY                                  the key for --function-url
  NO_COLOR                                      turns off the colours of jsonc and yamlc";

pub(super) const CREATE: &str = "\
Examples:
  apicenter-aws-sync integration create aws -g my-group -n my-center -i shop -a https://my-vault.vault.azure.net/secrets/aws-access-key \\
    -s https://my-vault.vault.azure.net/secrets/aws-secret-access-key -r us-east-1
  apicenter-aws-sync integration create aws -g my-group -n my-center -i shop -r us-east-1 \\
    --aws-role-arn arn:aws:iam::123456789012:role/apicenter-sync --function-url https://my-app.azurewebsites.net";

pub(super) const APPLY: &str = "\
Examples:
  apicenter-aws-sync integration apply -g my-group -n my-center -f integration.yaml
  cat integration.yaml | apicenter-aws-sync integration apply -g my-group -n my-center -f -

Prints whether each integration was created, updated or unchanged. Unchanged ones are not synchronized.
Exit code: 0 if everything is in sync, 3 if APIs failed or remain or deletions are held, 1 if an integration could not be applied.";

pub(super) const EXPORT: &str = "\
Examples:
  apicenter-aws-sync integration export -g my-group -n my-center -i shop
  apicenter-aws-sync integration export -g my-group -n my-center --all

The file has the identifiers of secrets, never a secret, and no read-only properties.";

pub(super) const SCHEMA: &str = "\
Example:
  apicenter-aws-sync integration schema";

pub(super) const LIST: &str = "\
Examples:
  apicenter-aws-sync integration list -g my-group -n my-center -o table
  apicenter-aws-sync integration list -g my-group -n my-center --query \"[].name\" -o tsv";

pub(super) const SHOW: &str = "\
Example:
  apicenter-aws-sync integration show -g my-group -n my-center -i shop -o yaml";

pub(super) const DELETE: &str = "\
Example:
  apicenter-aws-sync integration delete -g my-group -n my-center -i shop --yes";

pub(super) const SYNC: &str = "\
Examples:
  apicenter-aws-sync integration sync -g my-group -n my-center -i shop
  apicenter-aws-sync integration sync -g my-group -n my-center -i shop --deep -o json

Exit code: 0 if everything is in sync, 3 if APIs failed or remain or deletions are held, 1 if planning failed.";

pub(super) const PLAN: &str = "\
Examples:
  apicenter-aws-sync integration plan -g my-group -n my-center -i shop
  apicenter-aws-sync integration plan -g my-group -n my-center -i shop --exit-code -o json

With --exit-code: 0 if there are no changes, 2 if there are, 3 if an incomplete plan shows none.";

pub(super) const DOCTOR: &str = "\
Examples:
  apicenter-aws-sync doctor -g my-group -n my-center
  apicenter-aws-sync doctor -g my-group -n my-center -i shop -o json

Exit code: 0 if nothing is missing, 3 otherwise. With --function-url, the function app runs the checks under its own identity.";

pub(super) const EXPLAIN: &str = "\
Example:
  apicenter-aws-sync explain orders -g my-group -n my-center -i shop";

pub(super) const COMPLETION: &str = "\
Example:
  apicenter-aws-sync completion bash";

pub(super) const MAN: &str = "\
Example:
  apicenter-aws-sync man";
