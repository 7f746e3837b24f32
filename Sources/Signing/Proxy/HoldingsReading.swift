import Access
import Events
import Exchanges
import JSON
import Kernel
import Keys

/// A key that is `reduce_only` may sell on spot what its account holds. No exchange keeps such a promise by
/// itself, so the balances are read by the key, right before: a use of its own, within the policy and on the
/// record, by whoever wants to sell. Never kept: each sale is judged by what was free a moment ago.
struct HoldingsReading {
    let batcher: UseBatcher
    let hosts: ExchangeHosts
    let clocks: ExchangeClocks
    let line: ExchangeLine
    let outcomes: OutcomeBook
    let weights: WeightBook
    let entropy: Entropy

    private static let limits = JSONLimits(textBytes: 4 << 20, members: 100_000)
    private var clock: Clock { batcher.ledger.clock }

    /// The same request, with what is known of the account; as it was where nothing is.
    /// - Parameter turn: of its key, where one sends for it at a time.
    nonisolated(nonsending) func adding(
        to asked: UseRequest, _ turn: KeySenders.Turn?
    ) async throws -> UseRequest {
        guard let draft = try await wanted(by: asked) else { return asked }
        var context = asked.context
        context.idempotency = nil
        let read = UseRequest(
            .proxy, asked.key,
            IncomingRequest(
                draft.method.rawValue, host: draft.host, path: draft.path,
                query: draft.query.map(\.written).joined(separator: "&"), contentType: nil, body: []),
            context)
        let hold = WeightHold(weights, clocks, clock)
        defer { hold.giveBack() }
        let decision = try await batcher.decide(read, isReady: turn != nil) { snapshot, read in
            let key = snapshot.key
            try await hold.take(
                key, read, from: batcher.book.egress.choose(key.egressAddress), servesExit: true,
                pause: turn == nil ? line.pause : nil)
        }
        guard case .admitted(let use) = decision, let held = try await send(use, hold, turn) else {
            return asked
        }
        return UseRequest(asked.way, asked.key, asked.incoming, asked.context, holdings: held)
    }

    /// Nil unless it sells on spot by a key that may only reduce.
    private nonisolated(nonsending) func wanted(by asked: UseRequest) async throws -> RequestDraft? {
        guard asked.incoming.method == "POST", let snapshot = try await batcher.recent(for: asked),
            snapshot.facts.status == .reduceOnly, !snapshot.key.isDecoy,
            let draft = snapshot.facts.exchange.holdingsRequest, draft.host == asked.incoming.host
        else { return nil }
        let orders = ReadUse(asked, of: snapshot.usable).meaning.orders
        return orders.contains { $0.instrument == .spot && $0.side == .sell } ? draft : nil
    }

    private nonisolated(nonsending) func send(
        _ use: AdmittedUse, _ hold: WeightHold, _ turn: KeySenders.Turn?
    ) async throws -> [String: Decimal]? {
        let began = clock.monotonicNanoseconds()
        let message: ExchangeLine.Message
        do {
            try use.leave.check()
            let source = try hold.source(of: use.key.key)
            message = ExchangeLine.Message(
                request: try use.signed(at: use.moment(by: clocks, is: clock.now(), entropy), to: hosts),
                headers: [], mayResend: true,
                mayLeave: KeySenders.both(use.leave.mayLeave, turn?.mayLeave), source: source)
        } catch {
            note(use, .unsent, since: began)
            throw error
        }
        let told: ExchangeAnswer?
        var failed = UsageRecord.Outcome.unsent
        switch await line.send(message) {
        case .success(let answer):
            hold.settle(answer.status, answer.headers, code: nil)
            told = answer
        case .failure(let failure):
            if failure.mayHaveArrived {
                hold.lose()
                failed = .unknown
            }
            told = nil
        }
        let json = told.flatMap { try? JSONValue.parse($0.body, limits: Self.limits) }
        let held = told?.status == 200 ? json.flatMap { use.key.key.exchange.holdings(in: $0) } : nil
        note(
            use, told == nil ? failed : held == nil ? .refused : .accepted, status: told?.status,
            since: began)
        return held
    }

    private func note(
        _ use: AdmittedUse, _ outcome: UsageRecord.Outcome, status: Int? = nil, since began: UInt64
    ) {
        outcomes.note(
            OutcomeBook.Entry(
                usage: use.usage, key: use.key.key.id, at: use.at, outcome: outcome, status: status,
                code: nil,
                microseconds: Int64((clock.monotonicNanoseconds() &- began) / 1_000)))
    }
}
