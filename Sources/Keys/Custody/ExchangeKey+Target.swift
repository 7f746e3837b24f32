package import Access
import Exchanges
import Kernel

extension ExchangeKey {
    /// What scopes of grants are matched against.
    package var target: Target {
        Target(
            .key(id), exchange: exchange, environment: environment, account: account, tags: tags, owner: owner
        )
    }
}

extension KeyRow {
    /// Throws for a row that this service did not write.
    var target: Target {
        get throws(TamperedKey) {
            try Target(
                .key(id), exchange: closed(KeyColumns.exchange), environment: closed(KeyColumns.environment),
                account: text(KeyColumns.account), tags: texts(KeyColumns.tags),
                owner: principal(KeyColumns.owner))
        }
    }
}

extension KeyDraft {
    /// Of the key that is to be made of it.
    var target: Target {
        Target(
            .newKey, exchange: exchange, environment: environment, account: account, tags: tags, owner: owner)
    }
}

extension Account {
    var target: Target {
        Target(.account(id), exchange: exchange, environment: environment, account: name)
    }

    /// Of an account that is yet to be made.
    var newTarget: Target {
        Target(.newAccount, exchange: exchange, environment: environment, account: name)
    }
}
