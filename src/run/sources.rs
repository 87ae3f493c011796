//! From sources to gateways: secrets are read, roles prepared, accounts found out.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::OnceCell;

use super::gateways::{CutList, Gateways, Reach, Unread};
use super::session::Session;
use crate::aws::{AccessKey, AssumedRole, AwsCredentials, GatewayClient, OrganizationClient, Proof, account_of};
use crate::error_chain::error_chain;
use crate::model::{
    AccessKeySecrets, Account, AccountId, Accounts, AwsAuthentication, ErrorCode, ExternalId, Gateway, GatewayState,
    Integration, IntegrationName, MemberRole, Organization, Problem, Region, RoleArn, Source, token_service_region,
};

/// The part of the time that listing the accounts of an organisation may take.
const LISTING_SHARE: u32 = 4;

/// What a source's gateways are read with.
struct Means {
    credentials: AwsCredentials,
    /// The account of the credentials, where it is known.
    account: Option<AccountId>,
    /// Whose pace requests have that are signed with them.
    pace: String,
}

/// An account that is wanted.
struct Wanted {
    id: AccountId,
    /// What its organisation calls it.
    name: Option<String>,
    /// Why it is not read, if so.
    unread: Option<Unread>,
}

impl Wanted {
    fn of(id: AccountId) -> Self {
        Self {
            id,
            name: None,
            unread: None,
        }
    }
}

/// What was found out of one source.
#[derive(Default)]
struct Found {
    reaches: Vec<Reach>,
    cut: Option<CutList>,
}

impl Session {
    /// The gateways that an integration wants read, and a client of each where one can be made. Amazon is asked for the
    /// account of a key that this process meets for the first time, and for the accounts of an organisation.
    ///
    /// `known` are the accounts that the catalog has APIs of: they are read where a list of accounts does not reach its end.
    pub async fn gateways(&self, integration: &Integration, known: &BTreeSet<AccountId>) -> Gateways {
        let sources = integration.sources.iter().enumerate();
        let found = sources.map(|(index, source)| self.gateways_of(integration, (index, source), known));
        let mut gateways = Gateways::default();
        for found in join_all(found).await {
            found.reaches.into_iter().for_each(|reach| gateways.add(reach));
            gateways.cut.extend(found.cut);
        }
        gateways
    }

    async fn gateways_of(
        &self,
        integration: &Integration,
        (index, source): (usize, &Source),
        known: &BTreeSet<AccountId>,
    ) -> Found {
        let means = match self.means(&integration.name, source).await {
            Ok(means) => means,
            Err(problem) => return unreadable(index, source, &Unread::without_credentials(problem)),
        };
        match &source.accounts {
            Accounts::Own => self.own_gateways(index, source, means).await,
            Accounts::Listed(accounts, role) => {
                let accounts = accounts.iter().cloned().map(Wanted::of).collect();
                let reaches = self
                    .member_gateways(integration, (index, source), &means, accounts, role)
                    .await;
                Found { reaches, cut: None }
            }
            Accounts::Organization(organization, role) => {
                let (listed, cut) = match Box::pin(self.organization(integration, source, &means, organization)).await {
                    Ok(listed) => (listed, None),
                    Err(why) => {
                        let known = known.difference(&organization.except_accounts);
                        (
                            known.cloned().map(Wanted::of).collect(),
                            Some(CutList { source: index, why }),
                        )
                    }
                };
                let reaches = self
                    .member_gateways(integration, (index, source), &means, listed, role)
                    .await;
                Found { reaches, cut }
            }
        }
    }

    /// The gateways of the one account that the credentials are of.
    async fn own_gateways(&self, index: usize, source: &Source, means: Means) -> Found {
        if let (Some(recorded), Some(found)) = (&source.account, &means.account)
            && recorded != found
        {
            let message = format!(
                "the credentials belong to account {found}, but belonged to account {recorded} when the integration was put, so nothing of either changes. Use credentials of {recorded} again, or add a source for {found}"
            );
            let unread = Unread {
                state: GatewayState::OtherAccount,
                problem: Problem::new(ErrorCode::AwsAuthenticationFailed, message),
            };
            return unreadable(index, source, &unread);
        }
        let account = means.account.clone().or_else(|| source.account.clone());
        if means.account.is_none() && source.name.is_some() {
            // Which gateways these are is not known, so that nothing can be said to be gone from them.
            let message = "AWS does not say which account the credentials belong to (GetCallerIdentity)";
            let unread = Unread {
                state: GatewayState::Unavailable,
                problem: Problem::new(ErrorCode::ServiceUnavailable, message),
            };
            return unreadable(index, source, &unread);
        }
        let reach = source.regions.iter().map(async |region| {
            let connection = self.connection(&means.pace, region).await;
            Reach {
                source: index,
                gateway: gateway(account.clone(), region),
                account_name: None,
                client: Ok(Arc::new(GatewayClient::connect(connection, means.credentials.clone()))),
            }
        });
        Found {
            reaches: join_all(reach).await,
            cut: None,
        }
    }

    /// The gateways of accounts that are read by a role in each, which all its regions share.
    async fn member_gateways(
        &self,
        integration: &Integration,
        (index, source): (usize, &Source),
        means: &Means,
        accounts: Vec<Wanted>,
        role: &MemberRole,
    ) -> Vec<Reach> {
        let mut reaches = Vec::new();
        let token_region = token_service_region(&source.regions);
        for Wanted {
            id: account,
            name,
            unread,
        } in accounts
        {
            if let Some(unread) = unread {
                let gateways = source
                    .regions
                    .iter()
                    .map(|region| gateway(Some(account.clone()), region));
                reaches.extend(gateways.map(|gateway| Reach {
                    source: index,
                    gateway,
                    account_name: name.clone(),
                    client: Err(unread.clone()),
                }));
                continue;
            }
            let arn = RoleArn::in_account(&token_region, &account, &role.name);
            let credentials = self
                .session_of(&integration.name, &token_region, means, arn, role.external_id.clone())
                .await;
            for region in &source.regions {
                let connection = self.connection(account.as_str(), region).await;
                reaches.push(Reach {
                    source: index,
                    gateway: gateway(Some(account.clone()), region),
                    account_name: name.clone(),
                    client: Ok(Arc::new(GatewayClient::connect(connection, credentials.clone()))),
                });
            }
        }
        reaches
    }

    /// The session of a role that a source's credentials may assume.
    async fn session_of(
        &self,
        integration: &IntegrationName,
        region: &Region,
        means: &Means,
        arn: RoleArn,
        external_id: Option<ExternalId>,
    ) -> AwsCredentials {
        let proof = match &means.credentials {
            AwsCredentials::AccessKey(key) => Proof::AccessKey {
                key: key.clone(),
                external_id,
            },
            AwsCredentials::Role(hub) => Proof::Role {
                hub: hub.clone(),
                external_id,
            },
        };
        let connection = self.connection(arn.account(), region).await;
        AwsCredentials::Role(AssumedRole::new(&connection, arn, integration, proof))
    }

    /// The accounts of an organisation that are wanted, those that are not active with the reason why they are not read.
    ///
    /// # Errors
    /// When a list does not reach its end.
    async fn organization(
        &self,
        integration: &Integration,
        source: &Source,
        means: &Means,
        organization: &Organization,
    ) -> Result<Vec<Wanted>, Unread> {
        let region = token_service_region(&source.regions);
        let credentials = match &organization.role {
            None => means.credentials.clone(),
            Some(arn) => {
                let external_id = source.member_role().and_then(|role| role.external_id.clone());
                self.session_of(&integration.name, &region, means, arn.clone(), external_id)
                    .await
            }
        };
        // Where the list is throttled for good, the gateways have the rest of the time.
        let budget = self.budget.renewed(self.budget.remaining() / LISTING_SHARE);
        let connection = self.connection_within(&means.pace, &region, budget).await;
        let client = OrganizationClient::connect(connection, credentials);
        let read = async {
            let accounts = client.accounts().await?;
            let except = if organization.except_units.is_empty() {
                BTreeSet::new()
            } else {
                client.accounts_below(&organization.except_units).await?
            };
            Ok((accounts, except))
        };
        let (accounts, below) = read.await.map_err(|error: crate::aws::OrganizationError| Unread {
            state: GatewayState::Unavailable,
            problem: error.problem(),
        })?;
        let mut wanted: Vec<Account> = accounts;
        wanted.retain(|account| !organization.except_accounts.contains(&account.id) && !below.contains(&account.id));
        wanted.sort_by(|one, other| one.id.cmp(&other.id));
        let wanted = wanted.into_iter().map(|account| Wanted {
            unread: (!account.is_active).then(|| inactive(&account)),
            id: account.id,
            name: Some(account.name).filter(|name| !name.is_empty()),
        });
        Ok(wanted.collect())
    }

    async fn means(&self, integration: &IntegrationName, source: &Source) -> Result<Means, Problem> {
        let region = token_service_region(&source.regions);
        let (role, proof) = match &source.authentication {
            AwsAuthentication::AccessKey(secrets) => {
                let key = self.access_key(secrets).await?;
                let account = self.account(&key, &region).await;
                let pace = account.as_ref().or(source.account.as_ref());
                return Ok(Means {
                    pace: pace.map_or_else(|| key.digest(), ToString::to_string),
                    account,
                    credentials: AwsCredentials::AccessKey(key),
                });
            }
            AwsAuthentication::RoleByAccessKey {
                secrets,
                role,
                external_id,
            } => {
                let (key, external_id) = (self.access_key(secrets).await?, external_id.clone());
                (role, Proof::AccessKey { key, external_id })
            }
            AwsAuthentication::RoleByWebIdentity { role } => (role, Proof::WebIdentity(self.clouds.web_identity()?)),
        };
        let connection = self.connection(role.account(), &region).await;
        Ok(Means {
            account: AccountId::parse(role.account()),
            pace: role.account().to_owned(),
            credentials: AwsCredentials::Role(AssumedRole::new(&connection, role.clone(), integration, proof)),
        })
    }

    /// The account of a key, where Amazon tells.
    async fn account(&self, key: &AccessKey, region: &Region) -> Option<AccountId> {
        let digest = key.digest();
        let known = self.clouds.accounts.get_or_make(digest.clone(), OnceCell::new);
        let ask = async {
            let connection = self.connection(&digest, region).await;
            let account = account_of(&connection, &AwsCredentials::AccessKey(key.clone())).await;
            account.map_err(|error| error_chain(&error)).and_then(|account| {
                AccountId::parse(&account).ok_or_else(|| format!("{account:?} is not the number of an account"))
            })
        };
        // Boxed: it is rare, and the SDK's futures are large.
        match Box::pin(known.get_or_try_init(|| ask)).await {
            Ok(account) => Some(account.clone()),
            Err(error) => {
                tracing::debug!(
                    error,
                    "the account of an access key is unknown: the key gets its own pace"
                );
                None
            }
        }
    }

    async fn access_key(&self, secrets: &AccessKeySecrets) -> Result<AccessKey, Problem> {
        let read = |identifier| self.clouds.vault.read(identifier, &self.budget);
        let (id, secret) = tokio::try_join!(read(&secrets.access_key), read(&secrets.secret_access_key))
            .map_err(|error| error.problem())?;
        Ok(AccessKey::new(id, secret))
    }
}

fn gateway(account: Option<AccountId>, region: &Region) -> Gateway {
    Gateway {
        account,
        region: region.clone(),
    }
}

/// A source none of whose gateways can be read. Those of an organisation are not even known.
fn unreadable(index: usize, source: &Source, unread: &Unread) -> Found {
    let accounts: Vec<Option<AccountId>> = match &source.accounts {
        Accounts::Own => {
            let of_role = source
                .authentication
                .role()
                .and_then(|role| AccountId::parse(role.account()));
            vec![source.account.clone().or(of_role)]
        }
        Accounts::Listed(accounts, _) => accounts.iter().cloned().map(Some).collect(),
        Accounts::Organization(..) => Vec::new(),
    };
    let gateways = accounts.into_iter().flat_map(|account| {
        source
            .regions
            .iter()
            .map(move |region| gateway(account.clone(), region))
    });
    Found {
        reaches: gateways
            .map(|gateway| Reach {
                source: index,
                gateway,
                account_name: None,
                client: Err(unread.clone()),
            })
            .collect(),
        cut: matches!(source.accounts, Accounts::Organization(..)).then(|| CutList {
            source: index,
            why: unread.clone(),
        }),
    }
}

fn inactive(account: &Account) -> Unread {
    let state = match account.state.as_str() {
        "" => "the organisation does not report its state",
        state => state,
    };
    let message = format!(
        "the account {} ({}) is not active in its organisation: {state}",
        account.id, account.name
    );
    Unread {
        state: GatewayState::Inactive,
        problem: Problem::new(ErrorCode::AwsAccessDenied, message),
    }
}
