import Access
import Alerts
import Events
import Identity
import Kernel
import Keys
import Market
import Webhooks

/// What the rooms above Identity do when somebody leaves.
enum LeavingRooms {
    /// Before what they were granted ends: some of it depends on what they may see.
    static func steps(_ book: KeyBook, _ rights: RightsReader) -> [LeavingStep] {
        [
            LeavingStep("webhooks") { leaver, change in
                let room = WebhookLeaving(rights: rights)
                let own = try await room.carryOut(leaver.principal, heir: leaver.heirPrincipal, change)
                return try await (own + room.listing(of: leaver.bots, change)).map { left in
                    LeftThing(left.id, name: left.name, LeftThing.Outcome(left.fate), note: left.note)
                }
            },
            LeavingStep("alert_rules") { leaver, change in
                let own = try await RuleLeaving.carryOut(
                    leaver.principal, heir: leaver.heirPrincipal, change
                ).map { LeftThing($0.id, name: $0.name, $0.isReassigned ? .reassigned : .suspended) }
                let bots = try await RuleLeaving.listing(of: leaver.bots, in: change.transaction)
                return own
                    + bots.map {
                        LeftThing($0.id, name: $0.name, .kept, note: "It is a bot's: look at what it does.")
                    }
            },
            LeavingStep("watchlists") { leaver, change in
                try await WatchlistLeaving.carryOut(leaver.principal, heir: leaver.heirPrincipal, change)
                    .map { LeftThing($0.id, name: $0.name, $0.isReassigned ? .reassigned : .kept) }
            },
            LeavingStep("standing_orders") { leaver, change in
                try await book.standingOrders(of: leaver.principal, in: change.transaction)
                    .map { LeftThing($0.id, name: $0.mode, .kept) }
            },
            LeavingStep("deposit_links") { leaver, change in
                try await LeftDeposits.withdraw(of: leaver.everybody, change)
                    .map { LeftThing($0, name: nil, .ended) }
            },
        ]
    }

    static func trail(_ book: KeyBook, _ rights: RightsReader) -> KeyTrail {
        KeyTrail(
            reach: { try await KeyReach.of($0, at: rights.now(), in: $1) },
            mark: { try await UsesOfPrincipals.mark(in: $0) },
            uses: { try await UsesOfPrincipals.of($0, $1, in: $2) },
            known: { principals, source in
                try await SecretsSeen.by(principals, in: source).map {
                    KnownSecret(key: $0.key, label: $0.label, version: $0.version, ways: $0.ways)
                }
            },
            settle: { leaver, known, offboarding, change in
                try await book.leave(
                    leaver.principal, with: leaver.bots, heir: leaver.heirPrincipal, knew: known.map(\.key),
                    .leaver(
                        offboarding.uuid, reason: "\(leaver.name) knew the secret, and has left.",
                        at: change.context.now), change
                ).map { left in
                    LeftThing(
                        left.key, name: left.label, left.fate == .reassigned ? .reassigned : .kept,
                        note: left.note)
                }
            },
            rotate: { keys, exposure, change in
                let now = change.context.now
                let why: KeyExposure =
                    switch exposure.cause {
                    case .leaver: .leaver(exposure.source, reason: exposure.reason, at: now)
                    case .breakGlass: .breakGlass(exposure.source, reason: exposure.reason, at: now)
                    }
                try await RotationWishes.rotate(keys, why, in: book, change)
            })
    }
}

extension LeftThing.Outcome {
    fileprivate init(_ fate: WebhookLeaving.Fate) {
        self =
            switch fate {
            case .reassigned: .reassigned
            case .suspended: .suspended
            case .kept: .kept
            }
    }
}
