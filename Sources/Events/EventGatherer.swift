import Access
import EventLoop
import HTTPServer
import Kernel
import Postgres

/// Stores own events that are posted one by one, many in one transaction, on one worker: while one is on its
/// way, the next collects. What is told to one webhook waits for one row until the commit, so what is posted
/// at one moment shares a commit rather than that each waits for the one before.
///
/// The first of a batch carries it out, in its own request. Where many post again as soon as they are
/// answered, a batch waits a moment for them: otherwise they would go in two halves.
final class EventGatherer {
    /// Posts in one transaction.
    static let batchLimit = 128
    /// More wait only while the database is slow; then it is better to say so.
    static let waitingAtMost = 2_048
    /// A place in line is worth no more than that.
    static let waitLimit: Period = .seconds(2)
    /// Some batches' length. A batch that takes longer waits for somebody, and the next goes beside it.
    static let patience: Period = .milliseconds(50)
    /// On their way at one moment: others need connections too.
    static let batchesAtMost = 2

    /// Among fewer posts at one moment nobody waits for company.
    static let company = 6
    static let companyWait: Period = .milliseconds(2)

    struct Answer {
        let status: HTTPStatus
        let event: FeedEvent
    }

    final class Post {
        let event: CustomEvent
        let context: Context
        let since: UInt64
        fileprivate let bell = Wakeup()
        /// Set on the one that carries it out.
        fileprivate var batch: [Post] = []
        fileprivate private(set) var result: Result<Answer, any Error>?

        fileprivate init(_ event: CustomEvent, _ context: Context, since: UInt64) {
            (self.event, self.context, self.since) = (event, context, since)
        }

        fileprivate func end(_ result: Result<Answer, any Error>) {
            self.result = result
            bell.wake()
        }
    }

    private let ledger: Ledger
    private let turn: BatchTurn
    private let reactor: Reactor
    private var waiting: [Post] = []
    private var batches = 0
    /// Those that did not take long yet.
    private var swift = 0
    /// How many of those that were answered last are awaited.
    private var expected = 1
    private var companyTimer: TimerID?

    /// - Parameter turn: shared with the other workers of the node, which tell the same webhooks.
    init(ledger: Ledger, turn: BatchTurn, reactor: Reactor) {
        (self.ledger, self.turn, self.reactor) = (ledger, turn, reactor)
    }

    /// Stores one. When this returns, it is committed.
    nonisolated(nonsending) func store(_ event: CustomEvent, _ context: Context) async throws -> Answer {
        guard waiting.count < Self.waitingAtMost else { throw Self.overloaded }
        let post = Post(event, context, since: ledger.clock.monotonicNanoseconds())
        waiting.append(post)
        beginBatch()
        await post.bell.wait()
        if !post.batch.isEmpty { await lead(post.batch) }
        post.batch = []
        guard let result = post.result else { preconditionFailure("a post was forgotten") }
        return try result.get()
    }

    /// Unless one is on its way, which the next waits for.
    private func beginBatch(awaitsCompany: Bool = true) {
        guard swift == 0, batches < Self.batchesAtMost, !waiting.isEmpty else { return }
        if awaitsCompany, waiting.count < expected { return awaitCompany() }
        if let companyTimer { reactor.cancel(companyTimer) }
        companyTimer = nil
        let batch = nextBatch()
        guard let leader = batch.first else { return }
        batches += 1
        swift += 1
        leader.batch = batch
        leader.bell.wake()
    }

    private func awaitCompany() {
        guard companyTimer == nil else { return }
        companyTimer = reactor.schedule(afterNanoseconds: Self.companyWait.nanoseconds) {
            self.companyTimer = nil
            self.beginBatch(awaitsCompany: false)
        }
    }

    private func nextBatch(most: Int = batchLimit) -> [Post] {
        let now = ledger.clock.monotonicNanoseconds()
        var batch: [Post] = []
        let taken = waiting.prefix(most)
        for post in taken {
            if now &- post.since > UInt64(Self.waitLimit.nanoseconds) {
                post.end(.failure(Self.overloaded))
            } else {
                batch.append(post)
            }
        }
        waiting.removeFirst(taken.count)
        return batch
    }

    private nonisolated(nonsending) func lead(_ begun: [Post]) async {
        var isSwift = true
        let timer = reactor.schedule(afterNanoseconds: Self.patience.nanoseconds) {
            isSwift = false
            self.swift -= 1
            self.beginBatch()
        }
        await turn.take(on: reactor)
        // Who came while it waited for its turn goes along.
        let batch = begun + nextBatch(most: Self.batchLimit - begun.count)
        await carryOut(batch)
        turn.giveBack()
        if isSwift {
            reactor.cancel(timer)
            swift -= 1
        }
        batches -= 1
        let posting = batch.count + waiting.count
        // Most of them: one that is slow holds nobody up.
        expected = posting < Self.company ? 1 : min(posting * 3 / 4, Self.batchLimit)
        beginBatch()
    }

    /// A batch that fails is undone, and its posts are stored one by one: whoever made it fail fails alone.
    private nonisolated(nonsending) func carryOut(_ batch: [Post]) async {
        do {
            let results = try await EventGathering(batch).run(ledger)
            for (post, result) in zip(batch, results) { post.end(result) }
        } catch let refused as EventGathering.Refused {
            batch[refused.place].end(.failure(refused.problem))
            let others = batch.enumerated().filter { $0.offset != refused.place }.map(\.element)
            if !others.isEmpty { await carryOut(others) }
        } catch PostgresError.server where batch.count > 1 {
            for post in batch { await carryOut([post]) }
        } catch {
            // Without a database nothing comes of trying each, and of a commit that nobody knows of it would
            // store them twice.
            for post in batch { post.end(.failure(error)) }
        }
    }

    private static var overloaded: Problem {
        Problem(
            .overloaded, "Too many events wait for the database. Nothing was stored.",
            headers: [(.retryAfter, "1")])
    }
}
