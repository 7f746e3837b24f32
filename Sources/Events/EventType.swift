package import Access

/// The kinds of facts that there are, as openapi.yaml lists them. Own events (`custom.*`) are open-ended.
package struct EventType: Hashable, Sendable, CustomStringConvertible {
    /// Dotted: a noun and a past tense.
    package let name: String
    /// Whose rules are sent at once, without a grouping delay, and whose silences need an approval.
    package let isSecurity: Bool
    /// What a reader needs to see it.
    package let permission: Permission

    private init(_ name: String, _ permission: Permission, isSecurity: Bool = false) {
        self.name = name
        self.isSecurity = isSecurity
        self.permission = permission
    }

    package var description: String { name }

    package var isCustom: Bool { name.hasPrefix("custom.") }

    /// A known type, or an own one: `custom.` and parts of `[a-z0-9_]`, at most 100 characters.
    package init?(_ name: String) {
        if let known = Self.known[name] {
            self = known
        } else if Self.isCustomName(name) {
            self.init(name, .eventsRead)
        } else {
            return nil
        }
    }

    package static let maxNameBytes = 100

    private static func isCustomName(_ name: String) -> Bool { name.hasPrefix("custom.") && isDotted(name) }

    /// Whether it has the shape of a type's name, be there such a type or not: two or more parts of
    /// `[a-z0-9_]`, the first of which begins with a letter.
    package static func isDotted(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count >= 2, name.utf8.count <= maxNameBytes, let first = name.utf8.first,
            isLetter(first)
        else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == 95 }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
}

extension EventType {
    package static let keyRegistered = EventType("key.registered", .keysRead, isSecurity: true)
    package static let keyChanged = EventType("key.changed", .keysRead, isSecurity: true)
    package static let keySuspended = EventType("key.suspended", .keysRead, isSecurity: true)
    package static let keyRestricted = EventType("key.restricted", .keysRead, isSecurity: true)
    package static let keyAwayModeChanged = EventType("key.away_mode.changed", .keysRead, isSecurity: true)
    package static let awayBegan = EventType("away.began", .systemRead, isSecurity: true)
    package static let awayEnded = EventType("away.ended", .systemRead, isSecurity: true)
    package static let awayJournalRefused = EventType(
        "away.journal.refused", .systemRead, isSecurity: true)
    package static let keyUsed = EventType("key.used", .keysRead)
    package static let keyUseDenied = EventType("key.use.denied", .keysRead, isSecurity: true)
    package static let keyUseUnknown = EventType("key.use.unknown", .keysRead, isSecurity: true)
    package static let keyTampered = EventType("key.tampered", .keysRead, isSecurity: true)
    package static let keyDecoyTouched = EventType("key.decoy.touched", .decoysRead, isSecurity: true)
    package static let accessTokenDecoyTouched = EventType(
        "access_token.decoy.touched", .decoysRead, isSecurity: true)
    package static let keyDrifted = EventType("key.drifted", .keysRead, isSecurity: true)
    package static let keyRefused = EventType("key.refused", .keysRead, isSecurity: true)
    package static let keyUnreachable = EventType("key.unreachable", .keysRead, isSecurity: true)
    package static let keyVersionCreated = EventType("key.version.created", .keysRead, isSecurity: true)
    package static let keyDeposited = EventType("key.deposited", .keysRead, isSecurity: true)
    package static let keyVersionActivated = EventType("key.version.activated", .keysRead, isSecurity: true)
    package static let keyVersionDestroyed = EventType("key.version.destroyed", .keysRead, isSecurity: true)
    package static let keyRevealed = EventType("key.revealed", .keysRead, isSecurity: true)
    package static let keyActivated = EventType("key.activated", .keysRead, isSecurity: true)
    package static let keyRevoked = EventType("key.revoked", .keysRead, isSecurity: true)
    package static let keyDeletedAtExchange = EventType(
        "key.deleted_at_exchange", .keysRead, isSecurity: true)
    package static let keyDeletionStuck = EventType("key.deletion.stuck", .keysRead, isSecurity: true)
    package static let keyRotationDue = EventType("key.rotation.due", .keysRead, isSecurity: true)
    package static let keyRotationChanged = EventType("key.rotation.changed", .keysRead, isSecurity: true)
    package static let keyRotationStuck = EventType("key.rotation.stuck", .keysRead, isSecurity: true)
    package static let keyExpiring = EventType("key.expiring", .keysRead, isSecurity: true)
    package static let keyUnused = EventType("key.unused", .keysRead, isSecurity: true)
    package static let policyChanged = EventType("policy.changed", .policiesRead, isSecurity: true)
    package static let policyTampered = EventType("policy.tampered", .policiesRead, isSecurity: true)
    package static let priceSourceChanged = EventType(
        "price_source.changed", .policiesRead, isSecurity: true)
    package static let priceSourceSuspended = EventType(
        "price_source.suspended", .policiesRead, isSecurity: true)
    package static let accountCreated = EventType("account.created", .accountsRead)
    package static let accountChanged = EventType("account.changed", .accountsRead)
    package static let userInvited = EventType("user.invited", .usersRead, isSecurity: true)
    package static let userJoined = EventType("user.joined", .usersRead, isSecurity: true)
    package static let userChanged = EventType("user.changed", .usersRead, isSecurity: true)
    package static let userDisabled = EventType("user.disabled", .usersRead, isSecurity: true)
    package static let userEnabled = EventType("user.enabled", .usersRead, isSecurity: true)
    package static let serviceAccountCreated = EventType(
        "service_account.created", .serviceAccountsRead, isSecurity: true)
    package static let serviceAccountChanged = EventType(
        "service_account.changed", .serviceAccountsRead, isSecurity: true)
    package static let serviceAccountDisabled = EventType(
        "service_account.disabled", .serviceAccountsRead, isSecurity: true)
    package static let serviceAccountEnabled = EventType(
        "service_account.enabled", .serviceAccountsRead, isSecurity: true)
    package static let grantChanged = EventType("grant.changed", .grantsRead, isSecurity: true)
    package static let roleChanged = EventType("role.changed", .rolesRead, isSecurity: true)
    package static let groupChanged = EventType("group.changed", .groupsRead, isSecurity: true)
    package static let approvalRequested = EventType("approval.requested", .approvalsRead, isSecurity: true)
    package static let approvalApproved = EventType("approval.approved", .approvalsRead, isSecurity: true)
    package static let approvalRejected = EventType("approval.rejected", .approvalsRead, isSecurity: true)
    package static let approvalCancelled = EventType("approval.cancelled", .approvalsRead, isSecurity: true)
    package static let approvalExpired = EventType("approval.expired", .approvalsRead, isSecurity: true)
    package static let approvalExecuted = EventType("approval.executed", .approvalsRead, isSecurity: true)
    package static let approvalFailed = EventType("approval.failed", .approvalsRead, isSecurity: true)
    package static let approvalRuleChanged = EventType(
        "approval.rule.changed", .approvalsRead, isSecurity: true)
    package static let approvalSoloModeChanged = EventType(
        "approval.solo_mode.changed", .approvalsRead, isSecurity: true)
    package static let accessTokenCreated = EventType("access_token.created", .usersRead, isSecurity: true)
    package static let accessTokenRevoked = EventType("access_token.revoked", .usersRead, isSecurity: true)
    package static let accessTokenRotated = EventType("access_token.rotated", .usersRead, isSecurity: true)
    package static let accessTokenRefused = EventType("access_token.refused", .usersRead, isSecurity: true)
    package static let loginSucceeded = EventType("login.succeeded", .usersRead, isSecurity: true)
    package static let loginFailed = EventType("login.failed", .usersRead, isSecurity: true)
    package static let loginLocked = EventType("login.locked", .usersRead, isSecurity: true)
    package static let sessionEnded = EventType("session.ended", .usersRead, isSecurity: true)
    package static let passwordChanged = EventType("password.changed", .usersRead, isSecurity: true)
    package static let passwordResetIssued = EventType(
        "password.reset_issued", .usersRead, isSecurity: true)
    package static let signInChanged = EventType("sign_in.changed", .usersRead, isSecurity: true)
    package static let userOffboarded = EventType("user.offboarded", .usersRead, isSecurity: true)
    package static let ownerRecovered = EventType("owner.recovered", .usersRead, isSecurity: true)
    package static let serviceAccountExpiring = EventType(
        "service_account.expiring", .serviceAccountsRead, isSecurity: true)
    package static let serviceAccountUnused = EventType(
        "service_account.unused", .serviceAccountsRead, isSecurity: true)
    package static let breakGlassCreated = EventType("break_glass.created", .usersRead, isSecurity: true)
    package static let breakGlassUsed = EventType("break_glass.used", .usersRead, isSecurity: true)
    package static let breakGlassEnded = EventType("break_glass.ended", .usersRead, isSecurity: true)
    package static let breakGlassRevoked = EventType("break_glass.revoked", .usersRead, isSecurity: true)
    package static let factorAdded = EventType("factor.added", .usersRead, isSecurity: true)
    package static let factorRemoved = EventType("factor.removed", .usersRead, isSecurity: true)
    package static let factorCopied = EventType("factor.copied", .usersRead, isSecurity: true)
    package static let recoveryCodeUsed = EventType("recovery_code.used", .usersRead, isSecurity: true)
    package static let gradeChanged = EventType("grade.changed", .signalsRead)
    package static let signalOpened = EventType("signal.opened", .signalsRead)
    package static let signalClosed = EventType("signal.closed", .signalsRead)
    package static let signalStale = EventType("signal.stale", .signalsRead)
    package static let levelApproached = EventType("level.approached", .signalsRead)
    package static let levelBroken = EventType("level.broken", .signalsRead)
    package static let candleGap = EventType("candle.gap", .candlesRead)
    package static let seriesStale = EventType("series.stale", .candlesRead)
    package static let seriesResumed = EventType("series.resumed", .candlesRead)
    package static let candleFeedFailed = EventType("candle_feed.failed", .candlesRead)
    package static let candleFeedRecovered = EventType("candle_feed.recovered", .candlesRead)
    package static let backtestStarted = EventType("backtest.started", .backtestsRead)
    package static let backtestFinished = EventType("backtest.finished", .backtestsRead)
    package static let backtestFailed = EventType("backtest.failed", .backtestsRead)
    package static let backtestCancelled = EventType("backtest.cancelled", .backtestsRead)
    package static let moverEntered = EventType("mover.entered", .signalsRead)
    package static let moverLeft = EventType("mover.left", .signalsRead)
    /// A candle closed and was graded; written while some rule is over the market.
    package static let marketClosed = EventType("market.closed", .signalsRead)
    package static let marketRegimeChanged = EventType("market.regime_changed", .signalsRead)
    package static let metricObserved = EventType("metric.observed", .signalsRead)
    package static let narrativeFaded = EventType("narrative.faded", .signalsRead)
    package static let investorGradeChanged = EventType("investor_grade.changed", .signalsRead)
    package static let alertFiring = EventType("alert.firing", .alertsRead)
    package static let alertResolved = EventType("alert.resolved", .alertsRead)
    package static let alertAcknowledged = EventType("alert.acknowledged", .alertsRead)
    package static let alertAssigned = EventType("alert.assigned", .alertsRead)
    package static let alertCommented = EventType("alert.commented", .alertsRead)
    package static let alertReopened = EventType("alert.reopened", .alertsRead)
    package static let alertEscalated = EventType("alert.escalated", .alertsRead)
    package static let alertFlapping = EventType("alert.flapping", .alertsRead)
    package static let alertSettled = EventType("alert.settled", .alertsRead)
    package static let routeChanged = EventType("route.changed", .routesRead, isSecurity: true)
    package static let silenceCreated = EventType("silence.created", .silencesRead, isSecurity: true)
    package static let silenceEnded = EventType("silence.ended", .silencesRead, isSecurity: true)
    package static let maintenanceWindowChanged = EventType(
        "maintenance_window.changed", .silencesRead, isSecurity: true)
    package static let quietHoursChanged = EventType("quiet_hours.changed", .usersRead, isSecurity: true)
    package static let ruleWeakened = EventType("rule.weakened", .rulesRead, isSecurity: true)
    package static let ruleSuspended = EventType("rule.suspended", .rulesRead, isSecurity: true)
    package static let ruleFailed = EventType("rule.failed", .rulesRead, isSecurity: true)
    package static let ruleNoData = EventType("rule.no_data", .rulesRead, isSecurity: true)
    package static let ruleOverflowed = EventType("rule.overflowed", .rulesRead, isSecurity: true)
    package static let ruleActed = EventType("rule.acted", .rulesRead, isSecurity: true)
    package static let ruleBraked = EventType("rule.braked", .rulesRead, isSecurity: true)
    package static let ruleActionRefused = EventType("rule.action.refused", .rulesRead, isSecurity: true)
    package static let heartbeatMissed = EventType("heartbeat.missed", .rulesRead)
    package static let heartbeatRecovered = EventType("heartbeat.recovered", .rulesRead)
    package static let ruleExpiring = EventType("rule.expiring", .rulesRead)
    package static let ruleExpired = EventType("rule.expired", .rulesRead)
    package static let endpointDegraded = EventType("endpoint.degraded", .webhooksRead)
    package static let endpointDisabled = EventType("endpoint.disabled", .webhooksRead, isSecurity: true)
    package static let endpointRecovered = EventType("endpoint.recovered", .webhooksRead)
    package static let endpointChanged = EventType("endpoint.changed", .webhooksRead, isSecurity: true)
    package static let endpointDeleted = EventType("endpoint.deleted", .webhooksRead, isSecurity: true)
    package static let messageExhausted = EventType("message.exhausted", .webhooksRead)
    package static let secretRotationDue = EventType("secret.rotation.due", .webhooksRead, isSecurity: true)
    package static let endpointCertificateExpiring = EventType(
        "endpoint.certificate_expiring", .webhooksRead, isSecurity: true)
    package static let jobFailed = EventType("job.failed", .jobsRead)
    package static let auditCheckpointed = EventType("audit.checkpointed", .auditRead)
    package static let systemSealed = EventType("system.sealed", .systemRead, isSecurity: true)
    package static let systemUnsealed = EventType("system.unsealed", .systemRead, isSecurity: true)
    package static let rootKeyRotated = EventType("root_key.rotated", .systemRead, isSecurity: true)
    package static let keyEncryptionKeyRotated = EventType(
        "key_encryption_key.rotated", .systemRead, isSecurity: true)
    package static let sealedValueTampered = EventType(
        "sealed_value.tampered", .systemRead, isSecurity: true)
    package static let eventHorizonLagging = EventType("event_horizon.lagging", .systemRead)

    /// Every type but the own ones.
    package static let all: [EventType] = [
        .keyRegistered, .keyChanged, .keyUsed, .keyUseDenied, .keyUseUnknown, .policyChanged, .policyTampered,
        .priceSourceChanged, .priceSourceSuspended,
        .keySuspended, .keyRestricted, .keyAwayModeChanged,
        .keyTampered, .keyDecoyTouched,
        .keyDrifted, .keyRefused, .keyUnreachable, .keyVersionCreated, .keyDeposited,
        .keyVersionActivated,
        .keyVersionDestroyed, .keyRevealed, .keyActivated,
        .keyRevoked, .keyDeletedAtExchange, .keyDeletionStuck, .keyRotationDue, .keyRotationChanged,
        .keyRotationStuck, .keyExpiring, .keyUnused, .accountCreated, .accountChanged, .userInvited,
        .userJoined, .userChanged, .userDisabled,
        .userEnabled,
        .serviceAccountCreated, .serviceAccountChanged, .serviceAccountDisabled, .serviceAccountEnabled,
        .grantChanged, .roleChanged, .groupChanged,
        .accessTokenCreated, .accessTokenRevoked, .accessTokenRotated, .accessTokenRefused,
        .accessTokenDecoyTouched,
        .approvalRequested, .approvalApproved, .approvalRejected, .approvalCancelled, .approvalExpired,
        .approvalExecuted, .approvalFailed, .approvalRuleChanged, .approvalSoloModeChanged,
        .userOffboarded, .ownerRecovered, .serviceAccountExpiring, .serviceAccountUnused,
        .breakGlassCreated, .breakGlassUsed, .breakGlassEnded, .breakGlassRevoked,
        .loginSucceeded, .loginFailed, .loginLocked, .sessionEnded, .passwordChanged, .passwordResetIssued,
        .signInChanged,
        .factorAdded, .factorRemoved, .factorCopied, .recoveryCodeUsed,
        .gradeChanged,
        .signalOpened, .signalClosed, .signalStale, .levelApproached, .levelBroken, .candleGap,
        .seriesStale, .seriesResumed, .candleFeedFailed, .candleFeedRecovered,
        .backtestStarted, .backtestFinished, .backtestFailed, .backtestCancelled, .moverEntered, .moverLeft,
        .marketClosed, .marketRegimeChanged, .metricObserved, .narrativeFaded, .investorGradeChanged,
        .alertFiring,
        .alertResolved, .alertAcknowledged, .alertAssigned, .alertCommented, .alertReopened,
        .alertEscalated, .alertFlapping, .alertSettled, .routeChanged, .silenceCreated, .silenceEnded,
        .maintenanceWindowChanged, .quietHoursChanged, .ruleWeakened,
        .ruleSuspended, .ruleFailed, .ruleNoData,
        .ruleOverflowed, .ruleExpiring, .ruleExpired, .ruleActed, .ruleBraked, .ruleActionRefused,
        .heartbeatMissed, .heartbeatRecovered, .endpointDegraded,
        .endpointDisabled, .endpointRecovered, .endpointChanged, .endpointDeleted,
        .messageExhausted,
        .secretRotationDue, .endpointCertificateExpiring, .jobFailed, .auditCheckpointed, .systemSealed,
        .systemUnsealed, .rootKeyRotated,
        .keyEncryptionKeyRotated, .sealedValueTampered, .eventHorizonLagging,
        .awayBegan, .awayEnded, .awayJournalRefused,
    ]

    /// Told to every webhook whose owner may read it, whatever it subscribed to.
    package static let pagingNames: Set<String> = [
        breakGlassUsed.name, ownerRecovered.name, ruleWeakened.name, endpointDisabled.name,
        endpointChanged.name, endpointDeleted.name,
    ]

    /// That a rule sees nothing, or not all: told as "monitoring is blind" to those whom its alerts are for,
    /// beside whoever subscribed to it.
    package static let blindness: Set<EventType> = [
        .ruleFailed, .ruleNoData, .ruleSuspended, .ruleOverflowed,
    ]

    private static let known = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
