package import Kernel

// Every kind of id in the product, so that rooms can name each other's things without importing each other.

package enum UserKind: IDKind { package static let prefix: StaticString = "usr" }
package enum ServiceAccountKind: IDKind { package static let prefix: StaticString = "bot" }
package enum GroupKind: IDKind { package static let prefix: StaticString = "grp" }
package enum GrantKind: IDKind { package static let prefix: StaticString = "grt" }
package enum AccessTokenKind: IDKind { package static let prefix: StaticString = "tok" }
package enum SessionKind: IDKind { package static let prefix: StaticString = "ses" }
package enum OffboardingKind: IDKind { package static let prefix: StaticString = "off" }
package enum BreakGlassKind: IDKind { package static let prefix: StaticString = "brk" }
package enum FactorKind: IDKind { package static let prefix: StaticString = "fac" }
package enum ApprovalKind: IDKind { package static let prefix: StaticString = "appr" }
package enum ApprovalRuleKind: IDKind { package static let prefix: StaticString = "arule" }
package enum ExchangeKeyKind: IDKind { package static let prefix: StaticString = "key" }
package enum AccountKind: IDKind { package static let prefix: StaticString = "acc" }
package enum ModeOrderKind: IDKind { package static let prefix: StaticString = "mod" }
package enum RotationKind: IDKind { package static let prefix: StaticString = "rot" }
package enum DepositKind: IDKind { package static let prefix: StaticString = "dep" }
package enum PriceSourceKind: IDKind { package static let prefix: StaticString = "src" }
package enum TokenKind: IDKind { package static let prefix: StaticString = "tkn" }
package enum CandleFeedKind: IDKind { package static let prefix: StaticString = "fed" }
package enum SignalKind: IDKind { package static let prefix: StaticString = "sig" }
package enum WatchlistKind: IDKind { package static let prefix: StaticString = "wat" }
package enum MoverListKind: IDKind { package static let prefix: StaticString = "mov" }
package enum NarrativeKind: IDKind { package static let prefix: StaticString = "nar" }
package enum BacktestKind: IDKind { package static let prefix: StaticString = "bkt" }
package enum WebhookKind: IDKind { package static let prefix: StaticString = "whk" }
package enum WebhookSecretKind: IDKind { package static let prefix: StaticString = "whs" }
package enum DeliveryKind: IDKind { package static let prefix: StaticString = "dlv" }
package enum MessageKind: IDKind { package static let prefix: StaticString = "msg" }
package enum AlertRuleKind: IDKind { package static let prefix: StaticString = "rule" }
package enum HeartbeatKind: IDKind { package static let prefix: StaticString = "hbt" }
package enum AlertKind: IDKind { package static let prefix: StaticString = "alrt" }
package enum AlertCommentKind: IDKind { package static let prefix: StaticString = "cmt" }
package enum AlertRouteKind: IDKind { package static let prefix: StaticString = "rte" }
package enum SilenceKind: IDKind { package static let prefix: StaticString = "sil" }
package enum MaintenanceWindowKind: IDKind { package static let prefix: StaticString = "mnt" }
package enum EventKind: IDKind { package static let prefix: StaticString = "evt" }
package enum RunKind: IDKind { package static let prefix: StaticString = "run" }
package enum NodeKind: IDKind { package static let prefix: StaticString = "nod" }
package enum CheckpointKind: IDKind { package static let prefix: StaticString = "chk" }
package enum CheckpointKeyKind: IDKind { package static let prefix: StaticString = "kck" }
package enum CeremonyKind: IDKind { package static let prefix: StaticString = "cer" }
package enum AwayJournalKind: IDKind { package static let prefix: StaticString = "awy" }
package enum UsageKind: IDKind { package static let prefix: StaticString = "use" }
package enum RequestKind: IDKind { package static let prefix: StaticString = "req" }

package typealias UserID = ID<UserKind>
package typealias ServiceAccountID = ID<ServiceAccountKind>
package typealias GroupID = ID<GroupKind>
package typealias GrantID = ID<GrantKind>
package typealias AccessTokenID = ID<AccessTokenKind>
package typealias SessionID = ID<SessionKind>
package typealias OffboardingID = ID<OffboardingKind>
package typealias BreakGlassID = ID<BreakGlassKind>
package typealias FactorID = ID<FactorKind>
package typealias ApprovalID = ID<ApprovalKind>
package typealias ApprovalRuleID = ID<ApprovalRuleKind>
package typealias ExchangeKeyID = ID<ExchangeKeyKind>
package typealias AccountID = ID<AccountKind>
package typealias ModeOrderID = ID<ModeOrderKind>
package typealias RotationID = ID<RotationKind>
package typealias DepositID = ID<DepositKind>
package typealias PriceSourceID = ID<PriceSourceKind>
package typealias TokenID = ID<TokenKind>
package typealias CandleFeedID = ID<CandleFeedKind>
package typealias SignalID = ID<SignalKind>
package typealias WatchlistID = ID<WatchlistKind>
package typealias MoverListID = ID<MoverListKind>
package typealias NarrativeID = ID<NarrativeKind>
package typealias WebhookID = ID<WebhookKind>
package typealias WebhookSecretID = ID<WebhookSecretKind>
package typealias DeliveryID = ID<DeliveryKind>
package typealias MessageID = ID<MessageKind>
package typealias AlertRuleID = ID<AlertRuleKind>
package typealias HeartbeatID = ID<HeartbeatKind>
package typealias AlertID = ID<AlertKind>
package typealias AlertCommentID = ID<AlertCommentKind>
package typealias AlertRouteID = ID<AlertRouteKind>
package typealias SilenceID = ID<SilenceKind>
package typealias BacktestID = ID<BacktestKind>
package typealias MaintenanceWindowID = ID<MaintenanceWindowKind>
package typealias EventID = ID<EventKind>
package typealias RunID = ID<RunKind>
package typealias NodeID = ID<NodeKind>
package typealias CheckpointID = ID<CheckpointKind>
package typealias CheckpointKeyID = ID<CheckpointKeyKind>
package typealias CeremonyID = ID<CeremonyKind>
package typealias AwayJournalID = ID<AwayJournalKind>
package typealias UsageID = ID<UsageKind>
package typealias RequestID = ID<RequestKind>

/// A user or a service account: everything is done by one.
package struct PrincipalID: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        case user
        case serviceAccount = "service_account"
    }

    package let kind: Kind
    package let uuid: UUID

    package init(_ kind: Kind, _ uuid: UUID) { (self.kind, self.uuid) = (kind, uuid) }
    package init(_ user: UserID) { self.init(.user, user.uuid) }
    package init(_ account: ServiceAccountID) { self.init(.serviceAccount, account.uuid) }

    package init?(_ text: String) {
        if let user = UserID(text) {
            self.init(user)
        } else if let account = ServiceAccountID(text) {
            self.init(account)
        } else {
            return nil
        }
    }

    package var description: String {
        switch kind {
        case .user: UserID(uuid).description
        case .serviceAccount: ServiceAccountID(uuid).description
        }
    }
}
