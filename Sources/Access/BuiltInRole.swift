/// The built-in roles. Own roles come beside them; these never change under a desk's feet.
package enum BuiltInRole: String, CaseIterable, Sendable {
    case owner, admin, security, trader, analyst, auditor, bot

    /// What the role is for.
    package var sentence: String {
        switch self {
        case .owner: "May do everything. At least one must stay."
        case .admin: "People, webhooks and jobs; no secrets, no keys, no rules."
        case .security: "Suspends and revokes, writes rules, reads the audit trail; never trades or reveals."
        case .trader: "Registers and uses keys in scope, acknowledges alerts."
        case .analyst: "Candles, signals, own events, rules; may not use keys."
        case .auditor: "Reads everything but secrets, changes nothing."
        case .bot: "A program: uses granted keys, pushes candles and own events, reads signals."
        }
    }

    package var permissions: Set<Permission> {
        switch self {
        case .owner: Set(Permission.allCases)
        case .admin:
            [
                .accessTokensManage, .accessTokensRead, .accessTokensWrite, .accountsRead, .accountsWrite,
                .alertsRead, .approvalsDecide, .approvalsRead, .backtestsRead, .candlesRead, .deliveriesRead,
                .deliveriesWrite, .eventsRead, .grantsRead,
                .grantsWrite, .groupsRead, .groupsWrite, .jobsRead,
                .jobsRun, .keysRead, .metricsRead, .rolesRead, .rolesWrite, .rulesRead, .serviceAccountsRead,
                .serviceAccountsWrite, .signalsRead, .systemRead, .tokensRead, .usersRead, .usersWrite,
                .webhooksRead, .webhooksWrite,
                .policiesRead, .usageRead, .routesRead, .routesWrite, .silencesRead,
                .watchlistsRead,
            ]
        case .security:
            [
                .accessTokensManage, .accessTokensRead, .accessTokensWrite, .accountsRead, .accountsWrite,
                .alertsRead, .alertsWrite, .approvalsDecide, .approvalsRead, .approvalsRules,
                .auditRead, .backtestsRead, .candlesRead, .decoysRead, .decoysWrite,
                .deliveriesRead, .eventsRead, .grantsRead, .groupsRead, .jobsRead, .keysDestroy,
                .keysRead, .keysRevoke, .keysRotate, .keysSuspend, .keysVerify,
                .metricsRead, .rolesRead, .rulesRead, .rulesWrite,
                .serviceAccountsRead, .signalsRead, .systemRead, .systemSeal, .tokensRead, .usersRead,
                .webhooksRead,
                .policiesRead, .policiesWrite, .usageRead, .routesRead, .routesWrite, .silencesRead,
                .silencesWrite,
                .watchlistsRead,
            ]
        case .trader:
            [
                .accessTokensRead, .accessTokensWrite, .accountsRead, .alertsRead, .alertsWrite,
                .approvalsDecide, .approvalsRead, .backtestsRead, .backtestsWrite,
                .candlesRead, .eventsRead, .keysRead, .keysRotate, .keysVerify, .keysWrite, .rolesRead,
                .rulesRead,
                .signalsRead, .tokensRead,
                .keysProxy, .keysSign, .policiesRead, .usageRead, .routesRead, .silencesRead,
                .watchlistsRead, .watchlistsWrite,
            ]
        case .analyst:
            [
                .accessTokensRead, .accessTokensWrite, .alertsRead, .alertsWrite, .backtestsRead,
                .backtestsWrite, .candlesRead,
                .candlesWrite, .eventsRead, .eventsWrite, .heartbeatsPing, .rolesRead, .routesRead,
                .rulesRead, .rulesWrite, .signalsRead, .silencesRead, .tokensRead, .tokensWrite,
                .webhooksRead,
                .watchlistsRead, .watchlistsWrite, .factsWrite, .marketWrite,
            ]
        case .auditor:
            [
                .accessTokensRead, .accountsRead, .alertsRead, .approvalsRead, .auditRead,
                .backtestsRead, .candlesRead,
                .deliveriesRead,
                .eventsRead,
                .grantsRead, .groupsRead, .jobsRead, .keysRead, .metricsRead, .rolesRead, .rulesRead,
                .serviceAccountsRead, .signalsRead, .systemRead, .tokensRead, .usersRead, .webhooksRead,
                .policiesRead, .usageRead, .routesRead, .silencesRead,
                .watchlistsRead,
            ]
        case .bot:
            [
                .candlesRead, .candlesWrite, .eventsWrite, .heartbeatsPing, .keysRead, .signalsRead,
                .tokensRead,
                .keysProxy, .keysSign, .usageWrite,
                .watchlistsRead, .factsWrite,
            ]
        }
    }
}
