package import Access
package import EventLoop
package import Events
package import Kernel
package import Keys
package import Postgres

/// Keeps a node ready to be cut off, notices when it is, and brings its journals home. On the lead worker.
package final class AwayKeeper {
    private static let pause: Period = .seconds(1)
    /// While it is cut off: whoever comes back is noticed soon.
    private static let shortPause: Period = .milliseconds(250)
    /// A connection may end for many reasons, and comes back in a moment.
    private static let lossPatience: Period = .seconds(1)
    /// A server that says nothing for that long is gone, too.
    private static let answerPatience: Period = .seconds(10)
    /// Longer than any request to an exchange takes.
    private static let flightPatience: Period = .seconds(15)
    private static let mergePause: Period = .seconds(15)
    /// Between two tries whether a database takes writes again.
    private static let writePause: UInt64 = 1_000_000_000

    private let mode: AwayMode
    private let database: Database
    private let reader: AwayReader
    private let merge: AwayMerge
    private let book: KeyBook
    private let node: NodeID
    private let folder: AwayFolder
    private let isUnsealed: () -> Bool
    private let offLoop: OffLoop
    private let reactor: Reactor
    private let log: Log
    private var clock: Clock { mode.clock }

    private typealias Answer = Result<AwayReader.Heard, any Error>
    private var spawn: (@escaping () async -> Void) -> Void = { _ in }
    /// On its way, since when.
    private var question: (answer: Promise<Answer>, since: UInt64)?
    private var failingSince: UInt64?
    private var wroteAt: UInt64?
    private var isRefusalTold = false
    /// Shut, and not at their end on the disk.
    private var closing: [(episode: AwayEpisode, ending: AwayEnding, since: UInt64)] = []
    private var mayHaveJournals = true
    private var nextMerge: UInt64 = 0
    private var isStopping = false

    /// - Parameters:
    ///   - database: of its own, so that its questions wait behind nobody.
    package init(
        _ mode: AwayMode, database: Database, ledger: Ledger, book: KeyBook, node: NodeID,
        folder: AwayFolder, isUnsealed: @escaping () -> Bool, offLoop: OffLoop, reactor: Reactor, log: Log
    ) {
        (self.mode, self.database, self.book, self.node) = (mode, database, book, node)
        (self.folder, self.isUnsealed, self.offLoop) = (folder, isUnsealed, offLoop)
        (self.reactor, self.log) = (reactor, log)
        reader = AwayReader(database, book: book, clock: mode.clock)
        merge = AwayMerge(ledger: ledger, book: book, folder: folder, offLoop: offLoop, log: log)
    }

    package func start(on worker: isolated Worker) {
        connect(on: worker)
        worker.spawn { await self.run() }
    }

    func connect(on worker: isolated Worker) {
        spawn = { body in worker.spawn(body) }
        database.start(on: worker)
    }

    package func stop() {
        isStopping = true
        database.stop()
    }

    private func run() async {
        await prepare()
        while !isStopping {
            await turn()
            let isShort = mode.isOn || failingSince != nil
            await reactor.sleep(nanoseconds: (isShort ? Self.shortPause : Self.pause).nanoseconds)
        }
    }

    private nonisolated(nonsending) func prepare() async {
        do {
            try await offLoop.run { [folder] in try folder.prepare() }
        } catch {
            log.warning(
                "away mode cannot begin here: no journal can be written", ["error": .text("\(error)")])
        }
    }

    /// One look at the database, and what follows from it.
    nonisolated(nonsending) func turn() async {
        guard isUnsealed() else {
            await tryWriteAgain()
            await follow(.closed)
            reader.forget()
            return await finish()
        }
        let asked = clock.monotonicNanoseconds()
        let (heard, since) = await answer(asked)
        // Whoever stops has closed the connection itself.
        if isStopping { return }
        switch heard {
        case .success(let heard) where await !takesWrites(heard): await missWrites(heard, since, asked)
        case .success(let heard):
            failingSince = nil
            await follow(.answered)
            await take(heard, since)
            await finish()
            await mergeAll()
        case .failure(PostgresError.unavailable), nil: await miss(asked)
        // It is there, and busy: not gone, and not confirmed either.
        case .failure: await follow(.tick)
        }
        await finish()
    }
}

// MARK: Asking

extension AwayKeeper {
    /// With the moment at which it was asked. Nil: the question is still on its way, for longer than anybody
    /// waits.
    private nonisolated(nonsending) func answer(_ now: UInt64) async -> (answer: Answer?, asked: UInt64) {
        let (answer, since) = question ?? ask(now)
        let step: Period = .milliseconds(20)
        while !answer.isFulfilled, !isStopping {
            let waited = clock.monotonicNanoseconds() &- since
            guard waited < UInt64(Self.answerPatience.nanoseconds) else { return (nil, since) }
            await reactor.sleep(nanoseconds: step.nanoseconds)
        }
        guard answer.isFulfilled else { return (nil, since) }
        question = nil
        return (await answer.get(), since)
    }

    private func ask(_ now: UInt64) -> (answer: Promise<Answer>, since: UInt64) {
        let (answer, owners) = (Promise<Answer>(), mode.snapshot?.counterOwners ?? [])
        question = (answer, now)
        spawn { [reader] in
            do {
                answer.fulfil(.success(try await reader.ask(owners)))
            } catch {
                answer.fulfil(.failure(error))
            }
        }
        return (answer, now)
    }

    private nonisolated(nonsending) func miss(_ now: UInt64) async {
        let since = failingSince ?? now
        failingSince = since
        await keepOutcomes()
        let isLost = now &- since >= UInt64(Self.lossPatience.nanoseconds) || question != nil
        await follow(mode.isBroken ? .failed : isLost ? .lost : .tick)
    }

    /// Where nothing can be written, no use can be recorded: it is as good as gone. Until exits go by the
    /// journal, what it says keeps the snapshot fresh; then, no more than whether authority moved is taken
    /// from it.
    private nonisolated(nonsending) func missWrites(
        _ heard: AwayReader.Heard, _ since: UInt64, _ asked: UInt64
    ) async {
        // Whoever stops begins no absence.
        if isStopping { return }
        if case .fresh = mode.phase { await take(heard, since) } else { mode.noticed(epoch: heard.epoch) }
        await miss(asked)
    }

    /// A node whose write was refused asks now and then: nobody else may have anything to write.
    private nonisolated(nonsending) func takesWrites(_ heard: AwayReader.Heard) async -> Bool {
        let isTried = await tryWriteAgain(isReadOnly: heard.isReadOnly)
        if isTried, heard.isReadOnly, database.use.refusedWrite == nil { database.renewReads() }
        return database.use.refusedWrite == nil
    }

    @discardableResult
    private nonisolated(nonsending) func tryWriteAgain(isReadOnly: Bool = false) async -> Bool {
        guard isReadOnly || database.use.refusedWrite != nil else {
            tell(nil)
            return false
        }
        let now = clock.monotonicNanoseconds()
        if let wroteAt, now &- wroteAt < Self.writePause { return false }
        wroteAt = now
        await database.tryWrite()
        tell(database.use.refusedWrite)
        return true
    }

    /// Once each way.
    private func tell(_ refusal: WriteRefusal?) {
        guard (refusal != nil) != isRefusalTold else { return }
        isRefusalTold = refusal != nil
        if let refusal {
            log.error("the database takes no writes", ["reason": .text(refusal.sentence)])
        } else {
            log.info("the database takes writes again")
        }
    }

    /// A node that dies loses no more of them than came since the last look.
    private nonisolated(nonsending) func keepOutcomes() async {
        guard !mode.isBroken, let episode = mode.episode else { return }
        do {
            try await offLoop.run { try episode.journal.flush() }
        } catch {
            mode.breakOff(episode)
            log.error("the journal of away mode cannot be written", ["error": .text("\(error)")])
        }
    }

    /// Everything is decided anew from what the database says now.
    private nonisolated(nonsending) func take(_ heard: AwayReader.Heard, _ asked: UInt64) async {
        guard !heard.isRestored, !heard.revisions.isEmpty else { return mode.keep(nil, askedAt: asked) }
        let ahead = heard.clock - clock.now()
        if var known = mode.snapshot, known.epoch == heard.epoch, known.revisions == heard.revisions {
            (known.counters, known.databaseAhead) = (heard.counters, ahead)
            return mode.keep(known, askedAt: asked)
        }
        mode.noticed(epoch: heard.epoch)
        do {
            let began = clock.monotonicNanoseconds()
            if let snapshot = try await reader.load() { mode.keep(snapshot, askedAt: began) }
        } catch {
            log.warning("no snapshot for away mode", ["error": .text("\(error)")])
        }
    }
}

// MARK: Coming and going

extension AwayKeeper {
    private nonisolated(nonsending) func follow(_ event: AwayState.Event) async {
        switch mode.happened(event) {
        case .nothing: break
        case .begin: await begin()
        case .end(let why): end(why)
        }
    }

    /// The mode is on once the journal's first line is on the disk.
    private nonisolated(nonsending) func begin() async {
        guard let snapshot = mode.snapshot else { return }
        (mayHaveJournals, nextMerge) = (true, 0)
        let now = clock.now()
        let beginning = AwayBeginning(
            journal: AwayJournalID(UUID(at: now, entropy: merge.entropy)), node: node, at: now,
            epoch: snapshot.epoch, keys: snapshot.keys.count)
        do {
            let chain = try book.chain(of: beginning.journal)
            let journal = try await offLoop.run { [folder] in
                try AwayJournal(beginning, in: folder, chain)
            }
            let tally = AwayTally(snapshot.counters, databaseAhead: snapshot.databaseAhead)
            mode.open(AwayEpisode(journal, tally, at: now))
            log.error(
                "away mode begins: the database is gone, and exits go by the journal",
                ["journal": .text("\(journal.id)"), "keys": .int(Int64(snapshot.keys.count))])
        } catch {
            log.error("away mode cannot begin: no journal can be written", ["error": .text("\(error)")])
            await follow(.failed)
        }
    }

    private func end(_ why: AwayState.End) {
        guard let episode = mode.shut() else { return }
        let ending = AwayEnding(at: clock.now(), reason: why.rawValue)
        closing.append((episode, ending, clock.monotonicNanoseconds()))
        log.error(
            "away mode ends",
            [
                "journal": .text("\(episode.id)"), "reason": .text(why.rawValue),
                "uses": .int(Int64(episode.uses)),
            ])
    }

    /// Closes journals that nothing is on its way for any more.
    private nonisolated(nonsending) func finish() async {
        let waiting = closing
        closing = []
        for item in waiting {
            let waited = clock.monotonicNanoseconds() &- item.since
            if mode.hasFlights(item.episode), waited < UInt64(Self.flightPatience.nanoseconds) {
                closing.append(item)
                continue
            }
            do {
                try await offLoop.run { try item.episode.journal.close(item.ending) }
            } catch {
                log.error("a journal could not be closed", ["error": .text("\(error)")])
            }
        }
    }

    /// What lies in the folder goes into the trail, also what a node left that died.
    private nonisolated(nonsending) func mergeAll() async {
        guard mayHaveJournals, closing.isEmpty, clock.monotonicNanoseconds() >= nextMerge else { return }
        do {
            try await merge.run()
            mayHaveJournals = false
            await follow(.merged)
        } catch {
            log.warning("journals of away mode are not merged yet", ["error": .text("\(error)")])
            nextMerge = clock.monotonicNanoseconds() &+ UInt64(Self.mergePause.nanoseconds)
        }
    }
}
