import JSON
import Kernel
import Synchronization
import TestSupport
import Testing

/// What clients ask of two nodes before their database's server falls, meanwhile, and once its standby has
/// taken over; and what they are answered.
final class FailoverCourse: Sendable {
    /// Of the requests of one key; most are left for the time after the fall.
    static let limit = 60
    /// Uses of each key, and switches, before the fall and after it.
    private static let enough = 10
    private static let lanes = 10
    /// Nothing here goes by time: these are for machines that are very busy.
    private static let patienceSeconds = 300

    struct Keys: Sendable {
        /// Stopped, and its policy changed, in turn.
        let switched: String
        let limited: String
        /// At an exchange that wants nonces.
        let numbered: String
        /// Revoked before the fall, and in the midst of it.
        let early: String
        let late: String

        var all: [String] { [switched, limited, numbered, early, late] }

        static func make(_ desk: UseDesk) async throws -> Keys {
            let keys = Keys(
                switched: try await desk.key("binance", "switched"),
                limited: try await desk.key("binance", "limited"),
                numbered: try await desk.key("kraken"), early: try await desk.key("binance", "early"),
                late: try await desk.key("binance", "late"))
            for path in keys.all {
                let limit = path == keys.limited ? FailoverCourse.limit : nil
                try await desk.publish(UseDesk.policy(["read"], limit: limit), at: path)
            }
            return keys
        }
    }

    private enum Phase {
        case before
        case falling
        case after
        case over
    }

    private struct State {
        var phase = Phase.before
        var ids: Set<String> = []
        /// By key; those of the present phase apart from all.
        var served: [String: Int] = [:]
        var servedNow: [String: Int] = [:]
        var refusedNow: [String: Int] = [:]
        var switchesNow = 0
    }

    let desk: UseDesk
    let keys: Keys
    let history = UseHistory()
    private let state = Mutex(State())

    init(_ desk: UseDesk, _ keys: Keys) { (self.desk, self.keys) = (desk, keys) }

    /// Ids of uses whose signatures were given out.
    var ids: Set<String> { state.withLock { $0.ids } }
    func served(_ key: String) -> Int { state.withLock { $0.served[key, default: 0] } }

    private var phase: Phase { state.withLock { $0.phase } }
    private var now: UInt64 { Clock.system.monotonicNanoseconds() }

    private func enter(_ phase: Phase) {
        state.withLock {
            $0.phase = phase
            ($0.servedNow, $0.refusedNow, $0.switchesNow) = ([:], [:], 0)
        }
    }

    func run(from primary: RunningPostgres, to standby: RunningPostgres) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes { group.addTask { try await self.sign(lane) } }
            group.addTask { try await self.stopAndGo() }
            group.addTask { try await self.failOver(from: primary, to: standby) }
            try await group.waitForAll()
        }
    }

    // MARK: The fall

    private func failOver(from primary: RunningPostgres, to standby: RunningPostgres) async throws {
        defer { enter(.over) }
        try await wait(until: "every key is used", within: Self.patienceSeconds) {
            state.withLock { state in
                state.switchesNow >= Self.enough
                    && keys.all.allSatisfy { state.servedNow[$0, default: 0] >= Self.enough }
            }
        }
        try await revoke(keys.early)
        // What is committed from here on is on the primary alone, and must not be answered.
        try standby.pause()
        defer { standby.resume() }
        enter(.falling)
        try await wait(until: "commits wait for the standby", within: Self.patienceSeconds) {
            try await primary.ask("select count(*) from pg_stat_activity where wait_event = 'SyncRep'")
                != "0"
        }
        async let revocation: Void = revoke(keys.late)
        await primary.fall()
        standby.resume()
        try await standby.promote()
        try await revocation
        enter(.after)
        try await wait(until: "every key is used, or refused, again", within: Self.patienceSeconds) {
            state.withLock { state in
                state.switchesNow >= Self.enough
                    && [keys.switched, keys.numbered].allSatisfy {
                        state.servedNow[$0, default: 0] >= Self.enough
                    }
                    && state.servedNow[keys.limited, default: 0] > 0
                    && state.refusedNow[keys.limited, default: 0] > 0
                    // One that is served is found by the history.
                    && [keys.early, keys.late].allSatisfy {
                        (state.refusedNow[$0] ?? state.servedNow[$0] ?? 0) > 0
                    }
            }
        }
    }

    private func revoke(_ path: String) async throws {
        let begun = now
        try await insist("\(path) is revoked") {
            try await desk.nodes[1].call("POST", path + "/revoke", ["reason": "a history"])
        }
        history.add(UseHistory.Switch(path, begun, now, stops: true))
    }

    /// Stops a key and lets it go on: by its mode, and by a policy that allows nothing.
    private func stopAndGo() async throws {
        var round = 0
        while phase != .over || round % 2 == 1 {
            let (node, stops) = (desk.node(round / 2), round % 2 == 0)
            let begun = now
            try await insist("\(keys.switched) is switched") {
                if round % 4 < 2 {
                    try await node.call(
                        "POST", keys.switched + "/mode",
                        ["mode": stops ? "suspended" : "active", "reason": "a history"])
                } else {
                    try await node.call(
                        "PUT", keys.switched + "/policy", UseDesk.policy(stops ? [] : ["read"]),
                        headers: [("if-match", "*")])
                }
            }
            history.add(UseHistory.Switch(keys.switched, begun, now, stops: stops))
            state.withLock { $0.switchesNow += 1 }
            try await Task.sleep(for: .milliseconds(20))
            round += 1
        }
    }

    /// Asks until there is an answer: what has none may have been done, and is done again.
    private func insist(_ what: String, _ ask: () async throws -> LoopbackMessage) async throws {
        try await wait(until: what, within: Self.patienceSeconds) {
            guard let answer = try? await ask() else { return false }
            if answer.status == 200 { return true }
            guard [429, 503, 504].contains(answer.status) else {
                throw Impatience("\(what): \(answer.everything)")
            }
            return false
        }
    }

    // MARK: Uses

    private func sign(_ lane: Int) async throws {
        let path = keys.all[lane % keys.all.count]
        let body = path == keys.numbered ? UseDesk.balance : UseDesk.account
        var number = lane
        while phase != .over {
            number += 1
            if path == keys.limited, phase == .before, served(path) >= Self.enough {
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            let begun = now
            let answer = try? await desk.node(number).call("POST", path + "/sign", body)
            if let answer { take(answer, of: path, begun: begun, ended: now) }
            if answer?.status != 200 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    private func take(_ answer: LoopbackMessage, of path: String, begun: UInt64, ended: UInt64) {
        switch answer.status {
        case 200:
            state.withLock {
                $0.ids.insert(answer.json["usage_id"]?.asString ?? "")
                $0.served[path, default: 0] += 1
                $0.servedNow[path, default: 0] += 1
            }
            history.add(UseHistory.Use(path, begun, ended, served: true))
            if let nonce = answer.json.nonce {
                history.add(UseHistory.Number(path, begun, ended, nonce))
            }
        case 403:
            state.withLock { $0.refusedNow[path, default: 0] += 1 }
            guard path == keys.limited else {
                history.add(UseHistory.Use(path, begun, ended, served: false))
                return
            }
            #expect(answer.json.isDeniedByLimit, "\(answer.text)")
        default: #expect([429, 503, 504].contains(answer.status), "\(answer.text)")
        }
    }
}
