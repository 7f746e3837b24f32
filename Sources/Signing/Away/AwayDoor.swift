package import Access
package import EventLoop
import Events
import Exchanges
package import HTTPServer
import Kernel
package import Keys

/// Exits while the database is gone, on one worker: judged by the snapshot, journalled, and then sent as any
/// other request.
package struct AwayDoor {
    private let mode: AwayMode
    private let proxy: ProxyEndpoints
    private let batcher: UseBatcher
    private let offLoop: OffLoop
    /// Of its own: an ordinary request that hangs at the database must not hold an exit back.
    private let turns: KeyTurns
    private let reactor: Reactor
    private var clock: Clock { mode.clock }

    package init(
        _ mode: AwayMode, proxy: ProxyEndpoints, batcher: UseBatcher, offLoop: OffLoop, turns: KeyTurns,
        reactor: Reactor
    ) {
        (self.mode, self.proxy, self.batcher) = (mode, proxy, batcher)
        (self.offLoop, self.turns, self.reactor) = (offLoop, turns, reactor)
    }

    /// - Parameter context: of somebody who may send requests to exchanges, as far as was known.
    package nonisolated(nonsending) func answer(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let timing = ProxyTiming(clock)
        return try await timing.told { try await answer(request, context, timing) }
    }

    private nonisolated(nonsending) func answer(
        _ request: Request, _ context: Context, _ timing: ProxyTiming
    ) async throws -> Response {
        guard let current = mode.current else { throw Self.gone }
        let asked = try await proxy.use(request, context)
        guard let snapshot = current.snapshot.keys[asked.key], asked.isPermitted(on: snapshot) else {
            throw Self.refused("away mode is not on for the key, or the key cannot be used")
        }
        let read = ReadUse(asked, of: snapshot.usable, naming: batcher.ledger.entropy)
        // Before it waits: what does not leave takes no exit's place.
        if let reason = Self.refusal(of: read.meaning, request) { throw Self.refused(reason) }
        // What others have to answer first is asked before there is a turn to hold.
        _ = await batcher.refresh(read, of: snapshot, asked)
        let hold = proxy.hold()
        defer { hold.giveBack() }
        try await hold.take(
            snapshot.key, read, from: batcher.book.egress.choose(snapshot.key.egressAddress),
            pause: proxy.line.pause)
        guard snapshot.wantsNonce else {
            return try await carryOut(asked, read, request, snapshot, current.episode, hold, timing)
        }
        guard await turns.take(asked.key, on: reactor) else {
            throw Self.refused("too many requests of this key wait, or for too long")
        }
        defer { turns.giveBack(asked.key) }
        return try await carryOut(asked, read, request, snapshot, current.episode, hold, timing)
    }

    private nonisolated(nonsending) func carryOut(
        _ asked: UseRequest, _ read: ReadUse, _ request: Request, _ snapshot: KeySnapshot,
        _ episode: AwayEpisode, _ hold: WeightHold, _ timing: ProxyTiming
    ) async throws -> Response {
        let use = try await admit(asked, read, snapshot, episode)
        timing.decided(in: use.at)
        defer { mode.land(use.usage) }
        do {
            return try await proxy.send(use, request, hold, nil).header("keybell-away", "yes")
        } catch var problem as Problem {
            problem.headers += [("keybell-usage-id", use.usage.description), ("keybell-away", "yes")]
            throw problem
        }
    }

    /// On the disk when this returns.
    private nonisolated(nonsending) func admit(
        _ asked: UseRequest, _ read: ReadUse, _ snapshot: KeySnapshot, _ episode: AwayEpisode
    ) async throws -> AdmittedUse {
        let (leave, now) = (Leave(by: clock), clock.now())
        var judgement = snapshot.judge(asked, read, batcher.market, at: now)
        guard judgement.isAllowed, let draft = read.draft,
            let admitted = episode.admit(snapshot, &judgement, at: now)
        else {
            throw Self.refused(judgement, whole: asked.context.may(.policiesRead, on: snapshot.target))
        }
        let usage: UsageID = batcher.ledger.newID()
        let use = AwayUse(
            UsageRecord(
                id: usage, at: now, snapshot: snapshot, request: asked, read: read, judgement: judgement,
                nonce: admitted.nonce, isAllowed: true), admitted)
        guard use.isRecordable else { throw Self.refused("it could not be recorded") }
        guard mode.takeOff(usage, episode) else { throw Self.gone }
        do {
            try await offLoop.run { try episode.journal.put(.use(use)) }
        } catch {
            mode.land(usage)
            mode.breakOff(episode)
            throw Self.refused("it could not be journalled")
        }
        return AdmittedUse(
            usage, snapshot, read, draft: draft, judgement, at: now, nonce: admitted.nonce, leave)
    }
}

// MARK: Refusals

extension AwayDoor {
    private static let gone = Problem(
        .databaseUnavailable, "The database cannot be reached just now.", headers: [(.retryAfter, "1")])

    /// An order that must not be sent twice may have been before; a second cancel does no harm.
    private static func refusal(of meaning: RequestMeaning, _ request: Request) -> String? {
        if let reason = AwayRule.refusal(of: meaning) { return reason }
        guard meaning.operation == .trade, request.head.method == .post,
            request.head.headers.contains(.idempotencyKey)
        else { return nil }
        return "nobody can be asked whether its Idempotency-Key was used before"
    }

    private static func refused(_ reason: String) -> Problem {
        Problem(
            .databaseUnavailable,
            "The database cannot be used just now. Until it can, exits go by this node's journal, and "
                + "this request does not: \(reason).", headers: [(.retryAfter, "1")])
    }

    private static func refused(_ judgement: PolicyJudgement, whole: Bool) -> Problem {
        let reason = whole ? judgement.denial?.reason : nil
        return refused(reason ?? "the key's policy does not allow it")
    }
}
