import Access
import EventLoop
import HTTPServer
import Kernel
import Postgres

/// Stores own events that are posted one by one, many in one transaction: while one is on its way, the next
/// collects. What is told to one webhook waits for one row until the commit, so what is posted at one moment
/// shares a commit rather than that each waits for the one before. One a worker; what waits is the node's.
///
/// The first of a worker's posts carries a batch out, in its own request. The next begins when its commit has
/// left: until it comes to that row, that is over. So many who post again as soon as they are answered go in
/// two halves, by turns; a batch waits a moment for most of its half.
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

    static let triesAtMost = 3

    /// Among fewer posts at one moment nobody waits for company.
    static let company = 6
    static let companyWait = Period(microseconds: 500)
    /// Of all who post at one moment: most of a half.
    static let expectedShare = 0.4

    struct Answer {
        let status: HTTPStatus
        let event: FeedEvent
    }

    private let ledger: Ledger
    private let posts: EventPosts
    private let reactor: Reactor
    /// Posts of this worker that may carry out a batch, unless others took them along meanwhile.
    private var leaders: [UInt64] = []
    private var batches = 0
    /// Those that did not take long yet.
    private var swift = 0
    private var companyTimer: TimerID?

    /// - Parameter posts: shared with the other workers of the node, which tell the same webhooks.
    init(ledger: Ledger, posts: EventPosts, reactor: Reactor) {
        (self.ledger, self.posts, self.reactor) = (ledger, posts, reactor)
    }

    /// Stores one. When this returns, it is committed.
    nonisolated(nonsending) func store(_ event: CustomEvent, _ context: Context) async throws -> Answer {
        let now = ledger.clock.monotonicNanoseconds()
        guard let number = posts.add(event, context, most: Self.waitingAtMost, at: now) else {
            throw Self.overloaded
        }
        leaders.append(number)
        beginBatch()
        while true {
            switch await posts.call(for: number) {
            case .lead: await lead(number)
            case .end(let result): return try result.get()
            }
        }
    }

    /// Unless one of this worker is on its way, which the next waits for.
    private func beginBatch(awaitsCompany: Bool = true) {
        guard swift == 0, batches < Self.batchesAtMost, !leaders.isEmpty else { return }
        if awaitsCompany, posts.count < posts.expected { return awaitCompany() }
        if let companyTimer { reactor.cancel(companyTimer) }
        companyTimer = nil
        while !leaders.isEmpty {
            guard posts.lead(leaders.removeFirst()) else { continue }
            batches += 1
            swift += 1
            return
        }
    }

    private func awaitCompany() {
        guard companyTimer == nil else { return }
        companyTimer = reactor.schedule(afterNanoseconds: Self.companyWait.nanoseconds) {
            self.companyTimer = nil
            self.beginBatch(awaitsCompany: false)
        }
    }

    /// What waits at this moment, whoever posted it.
    private func nextBatch() -> [EventPosts.Post] {
        let (batch, late) = posts.take(
            Self.batchLimit, youngerThan: Self.waitLimit, at: ledger.clock.monotonicNanoseconds())
        posts.end(late, late.map { _ in .failure(Self.overloaded) })
        return batch
    }

    /// What a batch is to those that wait to begin.
    private enum Stage { case swift, slow, past }

    private nonisolated(nonsending) func lead(_ number: UInt64) async {
        var stage = Stage.swift
        let timer = reactor.schedule(afterNanoseconds: Self.patience.nanoseconds) {
            stage = .slow
            self.swift -= 1
            self.beginBatch()
        }
        await posts.turn.take(on: reactor)
        // Another worker's may have taken all of them along.
        let batch = nextBatch()
        func pass() {
            if stage == .past { return }
            posts.turn.giveBack()
            if stage == .swift {
                reactor.cancel(timer)
                swift -= 1
            }
            stage = .past
            if !batch.isEmpty { expect(batch.count + posts.count) }
            beginBatch()
        }
        if !batch.isEmpty { await carryOut(batch, leave: pass) }
        pass()
        batches -= 1
        leaders.append(number)
        beginBatch()
    }

    /// - Parameter posting: at this moment.
    private func expect(_ posting: Int) {
        let share = Int(Double(posting) * Self.expectedShare)
        posts.expected = posting < Self.company ? 1 : min(share, Self.batchLimit)
    }

    /// A batch that fails is undone, and its posts are stored one by one: whoever made it fail fails alone.
    /// Callers whose rights moved are sent back alone, too.
    /// - Parameters:
    ///   - tries: how often one that met another transaction is carried out.
    ///   - leave: called when its commit is on its way, unless it fails.
    private nonisolated(nonsending) func carryOut(
        _ batch: [EventPosts.Post], tries: Int = EventGatherer.triesAtMost,
        leave: @escaping () -> Void = {}
    ) async {
        do {
            posts.end(batch, try await EventGathering(batch).run(ledger, leave: leave))
        } catch let refused as EventGathering.Refused {
            posts.end([batch[refused.place]], [.failure(refused.problem)])
            let others = batch.enumerated().filter { $0.offset != refused.place }.map(\.element)
            if !others.isEmpty { await carryOut(others) }
        } catch let error as PostgresError where error.isConflict && tries > 1 {
            await carryOut(batch, tries: tries - 1)
        } catch is AuthorityMoved where Set(batch.map(\.basis)).count > 1 {
            let callers = Dictionary(grouping: batch, by: \.basis).values
            for posts in callers.sorted(by: { $0[0].number < $1[0].number }) { await carryOut(posts) }
        } catch PostgresError.server(let failure)
            where batch.count > 1 && !PostgresError.server(failure).isLockTimeout
        {
            for post in batch { await carryOut([post]) }
        } catch {
            // Without a database nothing comes of trying each, and of a commit that nobody knows of it would
            // store them twice.
            posts.end(batch, batch.map { _ in .failure(error) })
        }
    }

    private static var overloaded: Problem {
        Problem(
            .overloaded, "Too many events wait for the database. Nothing was stored.",
            headers: [(.retryAfter, "1")])
    }
}
