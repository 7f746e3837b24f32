import Kernel

/// What somebody may do. Each endpoint demands one; roles are sets of them.
package enum Permission: String, CaseIterable, Sendable {
    case accessTokensManage = "access_tokens:manage"
    case accessTokensRead = "access_tokens:read"
    case accessTokensWrite = "access_tokens:write"
    case accountsRead = "accounts:read"
    case accountsWrite = "accounts:write"
    case alertsRead = "alerts:read"
    case alertsWrite = "alerts:write"
    case approvalsDecide = "approvals:decide"
    case approvalsRead = "approvals:read"
    case approvalsRules = "approvals:rules"
    case auditRead = "audit:read"
    case backtestsRead = "backtests:read"
    case backtestsWrite = "backtests:write"
    case candlesRead = "candles:read"
    case candlesWrite = "candles:write"
    case decoysRead = "decoys:read"
    case decoysWrite = "decoys:write"
    case deliveriesRead = "deliveries:read"
    case deliveriesWrite = "deliveries:write"
    case eventsRead = "events:read"
    case eventsWrite = "events:write"
    case factsWrite = "facts:write"
    case grantsRead = "grants:read"
    case grantsWrite = "grants:write"
    case groupsRead = "groups:read"
    case groupsWrite = "groups:write"
    case heartbeatsPing = "heartbeats:ping"
    case jobsRead = "jobs:read"
    case jobsRun = "jobs:run"
    case keysAway = "keys:away"
    case keysDestroy = "keys:destroy"
    case keysRead = "keys:read"
    case keysProxy = "keys:proxy"
    case keysReveal = "keys:reveal"
    case keysRevoke = "keys:revoke"
    case keysRotate = "keys:rotate"
    case keysSign = "keys:sign"
    case keysSuspend = "keys:suspend"
    case keysVerify = "keys:verify"
    case keysWrite = "keys:write"
    case marketWrite = "market:write"
    case metricsRead = "metrics:read"
    case ownersWrite = "owners:write"
    case policiesRead = "policies:read"
    case policiesWrite = "policies:write"
    case rolesRead = "roles:read"
    case rolesWrite = "roles:write"
    case routesRead = "routes:read"
    case routesWrite = "routes:write"
    case rulesRead = "rules:read"
    case rulesWrite = "rules:write"
    case serviceAccountsRead = "service_accounts:read"
    case serviceAccountsWrite = "service_accounts:write"
    case signalsRead = "signals:read"
    case silencesRead = "silences:read"
    case silencesWrite = "silences:write"
    case systemRead = "system:read"
    case systemRestore = "system:restore"
    case systemRotate = "system:rotate"
    case systemSeal = "system:seal"
    case tokensRead = "tokens:read"
    case tokensWrite = "tokens:write"
    case usageRead = "usage:read"
    case usageWrite = "usage:write"
    case usersRead = "users:read"
    case usersWrite = "users:write"
    case watchlistsRead = "watchlists:read"
    case watchlistsWrite = "watchlists:write"
    case webhooksRead = "webhooks:read"
    case webhooksWrite = "webhooks:write"

    package func hash(into hasher: inout Hasher) { hasher.combine(case: self) }

    /// Whether it lets its holder see, and nothing else.
    package var onlyReads: Bool { rawValue.hasSuffix(":read") }

    /// One sentence for the person who decides about it.
    package var sentence: String {
        switch self {
        case .accessTokensManage: "See and revoke everybody's access tokens."
        case .accessTokensRead: "See access tokens: one's own, and those of principals that one may see."
        case .accessTokensWrite: "Issue and revoke access tokens for oneself and one's own service accounts."
        case .accountsRead: "See accounts at exchanges."
        case .accountsWrite: "Describe accounts at exchanges."
        case .alertsRead: "See alerts."
        case .alertsWrite: "Acknowledge, assign, comment and resolve alerts."
        case .approvalsDecide: "Approve and reject what others ask for."
        case .approvalsRead: "See approvals and the rules that ask for them."
        case .approvalsRules: "Write the rules that ask for approvals."
        case .auditRead: "Read, verify and export the audit trail."
        case .backtestsRead: "See backtests and their reports."
        case .backtestsWrite: "Run rules over past candles, and cancel and delete backtests."
        case .candlesRead: "Read candles, series and gaps."
        case .candlesWrite: "Push candles."
        case .decoysRead: "See which keys and access tokens are decoys, and who touched them."
        case .decoysWrite: "Plant decoy keys and decoy access tokens."
        case .deliveriesRead: "See deliveries, attempts and dead letters."
        case .deliveriesWrite: "Send deliveries again."
        case .eventsRead: "Follow the feed of events that one may read."
        case .eventsWrite: "Push own events."
        case .factsWrite: "Supply facts and metrics of tokens."
        case .grantsRead: "See who was granted what."
        case .grantsWrite: "Grant roles, and take grants back."
        case .groupsRead: "See groups and who is in them."
        case .groupsWrite: "Make and change groups, and put people and bots into them."
        case .heartbeatsPing: "Ping heartbeats: say that something is still alive."
        case .jobsRead: "See jobs and their runs."
        case .jobsRun: "Run jobs by hand."
        case .keysAway: "Switch away mode of exchange keys on and off."
        case .keysDestroy: "Destroy sealed versions of exchange keys, irrevocably."
        case .keysRead: "See exchange keys."
        case .keysProxy: "Send requests to exchanges by keys, within their policies."
        case .keysReveal: "See the secret of a readable exchange key."
        case .keysRevoke: "Revoke exchange keys, for good."
        case .keysRotate: "Rotate exchange keys: bring a new secret, promote it, roll back."
        case .keysSign: "Have requests signed by keys, within their policies."
        case .keysSuspend: "Suspend and resume exchange keys."
        case .keysVerify: "Ask exchanges what keys may do, and answer for their risks."
        case .keysWrite: "Register and change exchange keys."
        case .marketWrite: "Declare mover lists and narratives."
        case .metricsRead: "Read the metrics."
        case .ownersWrite: "Make, change and unmake owners."
        case .policiesRead: "See policies, try requests against them, and read why one was denied."
        case .policiesWrite: "Draft and publish policies of keys, accounts and the desk."
        case .rolesRead: "See roles and permissions."
        case .rolesWrite: "Make and change a desk's own roles."
        case .routesRead: "See which webhooks alerts are routed to."
        case .routesWrite: "Make and change routes of alerts, and their escalation."
        case .rulesRead: "See and try alert rules."
        case .rulesWrite: "Write, enable and disable alert rules."
        case .serviceAccountsRead: "See service accounts."
        case .serviceAccountsWrite: "Make and change service accounts, and issue their access tokens."
        case .signalsRead: "Read indicators, grades, signals and the market, and prices in them."
        case .silencesRead: "See silences and maintenance windows."
        case .silencesWrite: "Silence alerts, and plan maintenance windows."
        case .systemRead: "See versions, nodes and lag."
        case .systemRestore: "Confirm a restore: what was taken away since the backup."
        case .systemRotate: "Rotate the root key, its shares and the key-encryption key."
        case .systemSeal: "Seal the installation at once."
        case .tokensRead: "See tokens."
        case .tokensWrite: "Name tokens, change their tickers, choose their sources, and have candles pulled."
        case .usageRead: "See how keys were used."
        case .usageWrite: "Report uses of keys that programs hold themselves."
        case .usersRead: "See users."
        case .usersWrite: "Invite, change, disable and enable users."
        case .watchlistsRead: "See watchlists: one's own, and those that are shared with one."
        case .watchlistsWrite: "Make, change and share watchlists."
        case .webhooksRead: "See webhooks."
        case .webhooksWrite: "Make and change webhooks, and rotate their secrets."
        }
    }
}

/// What an endpoint demands of its caller.
package enum Requirement: Equatable, Sendable {
    /// Nothing: open to everybody.
    case none
    /// Any principal: one's own profile and sessions.
    case `self`
    case permission(Permission)
    /// The permission on something: whoever has it anywhere is let in, and the handler narrows what it does
    /// to what that is (`Context.require(_:on:)`, `Sight`).
    case scoped(Permission)
    /// Nothing for a local peer without a forwarding header, the permission for everybody else.
    case permissionUnlessLocal(Permission)

    /// Whether the handler narrows it; `x-scoped` in openapi.yaml.
    package var isScoped: Bool {
        if case .scoped = self { true } else { false }
    }

    /// As openapi.yaml writes it.
    package var text: String {
        switch self {
        case .none: "none"
        case .self: "self"
        case .permission(let permission), .scoped(let permission), .permissionUnlessLocal(let permission):
            permission.rawValue
        }
    }
}
