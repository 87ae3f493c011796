//! AWS Organizations: lists accounts. Writes nothing.

mod error;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::config::{Builder, IdentityCache};
use aws_sdk_organizations::types;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::FutureExt;
use futures::future::BoxFuture;

pub use self::error::OrganizationError;
use super::access_key::redacted;
use super::attempt::{Unanswered, attempt};
use super::connection::{AwsConnection, Backoff, Call, NoBlindRetries, NoEmptyAnswers, Pages};
use super::credentials::AwsCredentials;
use crate::model::{Account, AccountId, UnitId, quote_name};

/// AWS's word for an active account.
const ACTIVE: &str = "ACTIVE";

/// A page of a list, and the position of the next.
type Page<T> = (Vec<T>, Option<String>);

/// The organisation that the credentials can read, for one run.
pub struct OrganizationClient {
    client: Client,
    connection: AwsConnection,
    credentials: AwsCredentials,
}

impl fmt::Debug for OrganizationClient {
    /// Without the SDK's client, which shows the id of the access key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Organization").finish_non_exhaustive()
    }
}

impl OrganizationClient {
    /// Creates a client and sends nothing. Any region of the partition works: the SDK knows the right endpoint.
    #[must_use]
    pub fn connect(connection: AwsConnection, credentials: AwsCredentials) -> Self {
        // The credentials are cached outside the SDK.
        let config = Builder::from(&connection.config)
            .credentials_provider(credentials.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_classifier(NoBlindRetries)
            .interceptor(NoEmptyAnswers)
            .build();
        Self {
            client: Client::from_conf(config),
            connection,
            credentials,
        }
    }

    /// All accounts of the organisation, each once, sorted by id.
    ///
    /// # Errors
    /// If the list is incomplete, or has an account without an id: never a part of it.
    pub async fn accounts(&self) -> Result<Vec<Account>, OrganizationError> {
        let subject = "the organisation";
        let listed = self.all_pages("ListAccounts", subject, |call, token| {
            let page = async move {
                let request = || self.client.list_accounts().set_next_token(token.clone()).send();
                let page = self.call(&call, request).await?;
                Ok((page.accounts.unwrap_or_default(), page.next_token))
            };
            page.boxed()
        });
        let call = call("ListAccounts", subject, 1);
        let accounts: BTreeMap<AccountId, Account> = listed
            .await?
            .into_iter()
            .map(|item| account(&call, item).map(|account| (account.id.clone(), account)))
            .collect::<Result<_, _>>()?;
        if accounts.is_empty() {
            // There is at least the caller's own.
            return Err(OrganizationError::malformed(&call, "it has no accounts"));
        }
        Ok(accounts.into_values().collect())
    }

    /// The accounts in these units and in the units below them.
    ///
    /// # Errors
    /// If one of the lists is incomplete: never a part of them.
    pub async fn accounts_below(&self, units: &BTreeSet<UnitId>) -> Result<BTreeSet<AccountId>, OrganizationError> {
        let mut accounts = BTreeSet::new();
        let mut seen = units.clone();
        let mut next: Vec<UnitId> = units.iter().cloned().collect();
        while let Some(unit) = next.pop() {
            accounts.extend(self.accounts_in(&unit).await?);
            for below in self.units_in(&unit).await? {
                if seen.insert(below.clone()) {
                    next.push(below);
                }
            }
        }
        Ok(accounts)
    }

    async fn accounts_in<'a>(&'a self, unit: &'a UnitId) -> Result<Vec<AccountId>, OrganizationError> {
        const OPERATION: &str = "ListAccountsForParent";
        let listed = self.all_pages(OPERATION, unit.as_str(), |call, token| {
            let page = async move {
                let request = || {
                    let request = self.client.list_accounts_for_parent().parent_id(unit.as_str());
                    request.set_next_token(token.clone()).send()
                };
                let page = self.call(&call, request).await?;
                Ok((page.accounts.unwrap_or_default(), page.next_token))
            };
            page.boxed()
        });
        let call = call(OPERATION, unit.as_str(), 1);
        let accounts = listed.await?.into_iter();
        accounts
            .map(|item| account(&call, item).map(|account| account.id))
            .collect()
    }

    async fn units_in<'a>(&'a self, unit: &'a UnitId) -> Result<Vec<UnitId>, OrganizationError> {
        const OPERATION: &str = "ListOrganizationalUnitsForParent";
        let listed = self.all_pages(OPERATION, unit.as_str(), |call, token| {
            let page = async move {
                let request = || {
                    let request = self.client.list_organizational_units_for_parent();
                    request.parent_id(unit.as_str()).set_next_token(token.clone()).send()
                };
                let page = self.call(&call, request).await?;
                Ok((page.organizational_units.unwrap_or_default(), page.next_token))
            };
            page.boxed()
        });
        let call = call(OPERATION, unit.as_str(), 1);
        let id = |item: types::OrganizationalUnit| {
            let id = item.id.unwrap_or_default();
            UnitId::parse(&id).map_err(|error| OrganizationError::malformed(&call, error.to_string()))
        };
        listed.await?.into_iter().map(id).collect()
    }

    /// All items of a list: pages may be empty and still have a next one.
    async fn all_pages<'a, T>(
        &'a self,
        operation: &'static str,
        subject: &str,
        page: impl Fn(Call, Option<String>) -> BoxFuture<'a, Result<Page<T>, OrganizationError>>,
    ) -> Result<Vec<T>, OrganizationError> {
        let (mut all, mut pages, mut token) = (Vec::new(), Pages::default(), None);
        for number in 1.. {
            let call = call(operation, subject, number);
            // Boxed: the SDK's futures are large.
            let (items, next) = page(call.clone(), token).await?;
            let counted = items
                .iter()
                .try_for_each(|_| pages.weigh(0))
                .and_then(|()| pages.next(next));
            all.extend(items);
            token = counted.map_err(|message| OrganizationError::malformed(&call, message))?;
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Calls until AWS does not throttle, or the wait exceeds the time.
    async fn call<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, OrganizationError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut backoff = Backoff::default();
        loop {
            let result = self.attempt(call, &request).await;
            let Err(OrganizationError::Throttled { retry_after, .. }) = &result else {
                return result;
            };
            let delay = backoff.next(*retry_after);
            if !self.connection.budget.wait(delay).await {
                return result.map_err(|error| error.again_after(delay));
            }
        }
    }

    async fn attempt<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, OrganizationError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        // Boxed: it is in most futures.
        let result = Box::pin(attempt(&self.connection, &self.credentials, request)).await;
        result.map_err(|unanswered| match unanswered {
            Unanswered::OutOfTime => OrganizationError::OutOfTime { call: call.clone() },
            Unanswered::Held(held) => OrganizationError::Throttled {
                call: call.clone(),
                retry_after: Some(held),
            },
            Unanswered::Role(error) => error.into(),
            Unanswered::Failed(error, credentials) => {
                let error = OrganizationError::of_sdk(call, &self.credentials.to_string(), &error);
                error.with_message(|message| redacted(message, &credentials))
            }
        })
    }
}

fn call(operation: &'static str, subject: &str, page: u32) -> Call {
    Call {
        operation,
        subject: match page {
            1 => subject.to_owned(),
            page => format!("{subject}, page {page}"),
        },
    }
}

/// A listed account.
///
/// `Status` is the older word for `State`; an account with neither may be in any state.
fn account(call: &Call, item: types::Account) -> Result<Account, OrganizationError> {
    let id = item.id.unwrap_or_default();
    let Some(id) = AccountId::parse(&id) else {
        let message = format!("it has an account with the id {:?}", quote_name(&id));
        return Err(OrganizationError::malformed(call, message));
    };
    let status = item.status.as_ref().map(types::AccountStatus::as_str);
    let state = item.state.as_ref().map(types::AccountState::as_str).or(status);
    Ok(Account {
        id,
        name: quote_name(&item.name.unwrap_or_default()),
        is_active: state == Some(ACTIVE),
        state: quote_name(state.unwrap_or_default()),
    })
}
