import Access
import Crypto
import EventLoop
import Events
import Identity
import Kernel
import Keys
import Postgres
import Sealing
import Signals
import Signing
import WebAuthn
import Webhooks

/// What the workers of a node share: immutable values, and the few things that are made for many threads.
struct NodeShared: Sendable {
    let id: NodeID
    let startedAt: Timestamp
    let settings: Settings
    /// Where this installation is reached.
    var origin: String { settings.origin }
    let database: DatabaseURL
    /// The same for every installation; tests have more patience.
    var databaseSettings = SessionSettings()
    var databaseSize = Database.Size()
    let clock: Clock
    let entropy: Entropy
    let log: Log
    let metrics: Metrics
    let databaseUse = DatabaseUse()
    let custodian: Custodian
    /// Nil: it came up with its keys.
    let sealedStart: SealedStart?
    let offLoop: OffLoop
    /// For names of receivers alone: one whose name server hangs holds up no exchange.
    let receiverNames: OffLoop
    /// For names of exchanges, and of the provider that people log in by: while a name server hangs, files
    /// and the database's own name are looked at all the same.
    let partnerNames: OffLoop
    /// For rules that are tried on years of candles, which may take minutes of a processor.
    let retellings: OffLoop
    let httpMetrics: HTTPMetricFamilies
    let state: NodeState
    let refusals: Refusals
    let hasher: PasswordHasher
    let streams: StreamLimit
    let webhookMetrics: WebhookMetrics
    let away: AwayMode
    let endpointRests = EndpointRests()
    let market = MarketBoard()
    let exchangeClocks = ExchangeClocks()
    let keyTurns = KeyTurns()
    let weights = WeightBook()
    let awayTurns = KeyTurns()
    let batchTurn = BatchTurn()
    let eventPosts = EventPosts()
    let backlogRest = BacklogRest()
    /// Of alert rules: each may take some hundred megabytes, and a loop's time.
    let backtests = StreamLimit(perPrincipal: 2, inAll: 8)
}

extension NodeShared {
    var seal: Seal { custodian.seal }

    /// Second factors, with passkeys where there is an origin that they can be bound to.
    var factors: FactorBook {
        FactorBook(seal: seal, party: settings.publicOrigin.flatMap { RelyingParty(origin: $0.text) })
    }

    var exchangeStates: ExchangeStates {
        ExchangeStates(clocks: exchangeClocks, weights: weights, clock: clock)
    }

    /// As /readyz and /v1/system say it.
    var sealText: String { seal.isOpen ? "unsealed" : "sealed" }
}

/// The release, as `/` and `/v1/system` tell it.
package enum Release {
    package static let version = "0.1.0"
    /// The number of the newest migration that it knows: what tells two builds of a version apart.
    static let schema = Assets.migrations.map(\.number).max() ?? 0
    static let build = Assets.build

    static var text: String {
        "keybell \(version), schema \(schema)\(build.map { ", built from \($0)" } ?? "")"
    }
}
