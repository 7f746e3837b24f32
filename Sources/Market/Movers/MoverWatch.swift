import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Signals

/// Measures mover lists when a close of their market is settled, and tells who enters and who leaves. By the
/// lease of its job on one node at a time; a list's row lock makes sure of it.
struct MoverWatch {
    static let every: Period = .seconds(5)

    /// Lists that have not seen their market's last turn.
    private static let due = Statement(
        "mover_due",
        """
        select l.id, c.settled, c.turn::text, c.settled <= l.measured_at
        from mover_list l join market_close c using (source, interval)
        where c.settled is not null and l.seen is distinct from c.turn::text
        order by l.id
        """)
    private static let note = Statement(
        "mover_list_note", "update mover_list set measured_at = $2, seen = $3 where id = $1")
    private static let pass = Statement(
        "mover_list_pass", "update mover_list set seen = $2 where id = $1 and revision = $3")

    let ledger: Ledger

    var job: Job {
        Job(
            "movers", "Measures mover lists when candles close, and tells who enters and who leaves.",
            every: Self.every
        ) { run in
            var (measured, told) = (0, 0)
            await run.each(try await due()) { due in
                guard let count = try await measure(due, run) else { return }
                (measured, told) = (measured + 1, told + count)
            }
            return try run.result(["measured": measured, "told": told])
        }
    }

    private struct Due {
        let list: MoverListID
        let newest: Timestamp
        let seen: String
        /// The same candle as before, with other numbers.
        let isRepeat: Bool
    }

    private nonisolated(nonsending) func due() async throws -> [Due] {
        try await ledger.database.query(Self.due).map { row in
            Due(
                list: row.id(0), newest: row.timestamp(1), seen: row.text(2),
                isRepeat: !row.isNull(3) && row.bool(3))
        }
    }

    /// How much there was to tell; nil when the list is gone, or another by now.
    private nonisolated(nonsending) func measure(_ due: Due, _ run: JobRun) async throws -> Int? {
        let (database, now) = (ledger.database, ledger.clock.now())
        guard let asked = try await MoverListStore.find(due.list, in: database) else { return nil }
        if let excess = try await asked.excess(at: now, in: database) {
            try await pass(asked, due)
            throw TooLarge(description: "mover list \(asked.id) \(excess)")
        }
        // About a second of reading at most, and nobody waits for it: the row's lock comes behind it.
        let movers = try await database.transaction { transaction in
            let moment = MarketMoment.close(of: due.newest, asked.source, asked.interval, now: now)
            return try await Movers.read(
                moment, over: asked.window, minVolume: asked.minVolume, limit: asked.size, in: transaction)
        }
        let context = Context.installation(now: now, requestID: run.context.requestID)
        return try await ledger.change(context) { change in
            let transaction = change.transaction
            guard let list = try await MoverListStore.lock(due.list, in: transaction),
                list.revision == asked.revision
            else { return nil }
            let stays = try await MoverListStore.stays(list.id, at: .farFuture, in: transaction)
            let isOld = due.isRepeat || list.interval.isLongAgo(due.newest, at: now)
            let turn = MoverTurn(list: list, movers: movers, stays: stays, isRetroactive: isOld)
            for stay in turn.leaving {
                try await MoverListStore.leave(stay, of: list.id, at: now, in: transaction)
            }
            for (side, mover) in turn.entering {
                try await MoverListStore.enter(mover, side, of: list.id, at: now, in: transaction)
            }
            for event in turn.events { change.emit(event) }
            try await transaction.query(
                Self.note, .id(list.id), .timestamp(due.newest), .text(due.seen))
            return turn.events.count
        }
    }
}

extension MoverWatch {
    /// It has grown out of what may be read since somebody declared it.
    private struct TooLarge: Error, CustomStringConvertible {
        let description: String
    }

    /// Until the next turn, so that it is told of once a turn.
    private nonisolated(nonsending) func pass(_ list: MoverList, _ due: Due) async throws {
        try await ledger.database.transaction { transaction in
            _ = try await transaction.query(
                Self.pass, .id(list.id), .text(due.seen), .int64(list.revision))
        }
    }
}

/// What one measurement of a list changes.
struct MoverTurn {
    let leaving: [MoverStay]
    let entering: [(side: Mover.Side, mover: Mover)]
    let events: [NewEvent]

    /// - Parameter isRetroactive: the newest candle is the one of the turn before, or of long ago.
    init(list: MoverList, movers: Movers, stays: [MoverStay], isRetroactive: Bool) {
        let on = Set(stays.map { Place(side: $0.side, token: $0.token) })
        let places = Mover.Side.allCases.flatMap { side in
            (movers.sides[side] ?? []).map { (side: side, mover: $0) }
        }
        let now = Set(places.map { Place(side: $0.side, token: $0.mover.token) })
        leaving = stays.filter { !now.contains(Place(side: $0.side, token: $0.token)) }
        entering = places.filter { !on.contains(Place(side: $0.side, token: $0.mover.token)) }
        // Who is there at the first measurement did not come: nobody looked before.
        guard list.measuredAt != nil else {
            events = []
            return
        }
        events =
            leaving.map { stay in
                MoverEvent(list: list, side: stay.side, token: stay.token, symbol: stay.symbol)
                    .left(newest: movers.newest, isRetroactive: isRetroactive)
            }
            + entering.map { side, mover in
                MoverEvent(list: list, side: side, token: mover.token, symbol: mover.symbol)
                    .entered(mover, isRetroactive: isRetroactive)
            }
    }

    private struct Place: Hashable {
        let side: Mover.Side
        let token: TokenID
    }
}

/// What is told of a token that enters or leaves a list.
private struct MoverEvent {
    let list: MoverList
    let side: Mover.Side
    let token: TokenID
    let symbol: String

    func entered(_ mover: Mover, isRetroactive: Bool) -> NewEvent {
        event(
            .moverEntered, isRetroactive: isRetroactive,
            [
                ("rank", .number(JSONNumber(mover.rank))), ("change", .double(mover.change)),
                ("quote_volume", .double(mover.volume)), ("from", .string(mover.from.time.description)),
                ("to", .string(mover.to.time.description)),
            ])
    }

    func left(newest: Timestamp?, isRetroactive: Bool) -> NewEvent {
        event(
            .moverLeft, isRetroactive: isRetroactive,
            [("time", newest.map { .string($0.description) } ?? .null)])
    }

    private func event(
        _ type: EventType, isRetroactive: Bool, _ more: [(String, JSONValue)]
    ) -> NewEvent {
        let first: [(String, JSONValue)] = [
            ("token_id", .string(token.description)), ("symbol", .string(symbol)),
            ("source", .string(list.source)), ("interval", .string(list.interval.rawValue)),
            ("retroactive", .bool(isRetroactive)), ("mover_list_id", .string(list.id.description)),
            ("list", .string(list.name)), ("side", .string(side.rawValue)),
            ("window", .string(list.window.text)),
        ]
        return NewEvent(type, subject: token, data: JSONObject(members: first + more))
    }
}

extension JSONValue {
    /// Null where JSON has no word for it.
    static func double(_ value: Double?) -> JSONValue {
        value.flatMap { JSONNumber($0) }.map(JSONValue.number) ?? .null
    }
}
