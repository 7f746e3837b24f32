import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys

/// What one proxied request takes of its exchange's budgets, from before it waits for its batch until its
/// answer.
final class WeightHold {
    private let book: WeightBook
    private let clocks: ExchangeClocks
    private let clock: Clock
    private var held: (ticket: WeightTicket, draft: RequestDraft)?
    /// What the key said of where it leaves from, and what that is on this node.
    private var judged: (name: String?, address: EgressAddresses.Choice)?

    init(_ book: WeightBook, _ clocks: ExchangeClocks, _ clock: Clock) {
        (self.book, self.clocks, self.clock) = (book, clocks, clock)
    }

    /// What is over so soon is waited for, and how long in all: budgets of a second are small, and clients
    /// that keep to them do not know of the tenth.
    private static let shortWait: Period = .seconds(1)
    private static let patience: Period = .seconds(2)

    /// Whether it was weighed, and may be sent as far as that goes.
    var isWeighed: Bool { judged != nil }

    /// Refuses what the exchange would refuse, or punish. What cannot be read is refused elsewhere.
    /// - Parameters:
    ///   - isDenied: it will not be sent anyhow, and that is said and recorded whatever the exchange takes;
    ///     asked only when something is in its way.
    ///   - pause: nil: nothing is waited for, because others wait for this one.
    nonisolated(nonsending) func take(
        _ key: ExchangeKey, _ read: ReadUse, from address: EgressAddresses.Choice, servesExit: Bool = false,
        unless isDenied: () async throws -> Bool = { false }, pause: ((UInt64) async -> Void)?
    ) async throws {
        // A request that is judged again takes anew.
        giveBack()
        judged = nil
        if address == .missing {
            if try await isDenied() { return }
            throw Problem(
                .exchangeUnavailable,
                "This node has no source address \(key.egressAddress ?? ""). Nothing was done.")
        }
        guard let draft = read.draft else { return }
        let place = MarketPlace(key.exchange, key.environment, host: draft.host)
        let request = WeightRequest(
            place, from: address.name, account: key.account, draft, read.meaning, servesExit: servesExit)
        var waited: Period?
        while let refusal = take(request, draft) {
            if waited == nil, try await isDenied() { return }
            let wait = max(refusal.wait, .milliseconds(10))
            let whole = (waited ?? .seconds(0)) + wait
            guard let pause, !refusal.isBan, wait <= Self.shortWait, whole <= Self.patience else {
                throw Problem(refusal, at: key.exchange)
            }
            waited = whole
            await pause(UInt64(wait.nanoseconds))
        }
        judged = (key.egressAddress, address)
    }

    /// Where it leaves from: from where it was judged, or not at all.
    /// - Parameter key: as it was admitted.
    func source(of key: ExchangeKey) throws(Problem) -> IPAddress? {
        guard let judged, judged.name == key.egressAddress else {
            throw Problem(
                .exchangeUnavailable,
                "The key or its policy was changed meanwhile. Nothing was sent: ask again.")
        }
        return judged.address.source
    }

    private func take(_ request: WeightRequest, _ draft: RequestDraft) -> WeightRefusal? {
        do throws(WeightRefusal) {
            held = (try book.take(request, at: now(request.place)), draft)
            return nil
        } catch {
            return error
        }
    }

    func settle(_ status: Int, _ headers: [(name: String, value: String)], code: String?) {
        guard let (ticket, draft) = held else { return }
        held = nil
        let (place, route, told) = (ticket.request.place, ticket.request.route, RateHeaders(headers))
        let now = now(place)
        book.settle(
            ticket, place.exchange.readings(told, of: draft, route: route, at: now),
            place.exchange.stop(
                status: status, code: code, retryAfter: told.retryAfterSeconds, route: route),
            at: now)
    }

    /// It may have arrived, and nothing was heard.
    func lose() {
        guard let (ticket, _) = held else { return }
        held = nil
        book.settle(ticket, [], nil, at: now(ticket.request.place))
    }

    /// Nothing left, unless one of the others was said before.
    func giveBack() {
        guard let (ticket, _) = held else { return }
        held = nil
        book.giveBack(ticket)
    }

    private func now(_ place: MarketPlace) -> Timestamp {
        clocks.now(at: .init(place.exchange, place.environment), is: clock.now())
    }
}

extension Problem {
    init(_ refusal: WeightRefusal, at exchange: ExchangeName) {
        let title = Exchange.of(exchange).title
        let sentence =
            refusal.isBan
            ? "\(title) takes nothing for \(refusal.waitSeconds) s: too much was asked."
            : "\(title) allows no more for \(refusal.waitSeconds) s, by its \(refusal.reason)."
        self.init(
            .exchangeRateLimited, sentence + " Nothing was done.",
            members: [("banned", .bool(refusal.isBan))],
            headers: [(.retryAfter, String(refusal.waitSeconds))])
    }
}
