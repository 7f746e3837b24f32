import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct RotationTests {
    @Test func `a rotation with its secret is tested, promoted, overlapped and retired with proof`()
        async throws
    {
        try await RotationDesk.run { r in
            let path = try await r.open(
                #"{"reason": "it is time", "overlap": "2h", \#(RotationDesk.credential("new"))}"#)
            #expect(try await r.state(path) == "staged")
            try await r.tick(.minutes(0))
            let promoted = try await r.rotation(path)
            #expect(promoted["state"]?.asString == "overlap", "\(promoted)")
            #expect(promoted["version"]?.asInt == 2 && promoted["previous_version"]?.asInt == 1)
            #expect(try await r.versions() == "1 previous, 2 current")
            #expect(try await r.desk.call("GET", r.path).json["status"]?.asString == "active")
            try await r.tick(.minutes(119))
            #expect(try await r.state(path) == "overlap")
            // The old key is still taken: somebody has to delete it.
            try await r.tick()
            let retiring = try await r.rotation(path)
            #expect(retiring["state"]?.asString == "retiring")
            #expect(retiring["waiting_for"]?.asString == "deletion_at_the_exchange")
            #expect(retiring["error"]?["code"]?.asString == "still_accepted")
            r.desk.exchange.says(400, RotationDesk.refused, toKey: "old-api-key")
            try await r.tick(.minutes(70))
            let done = try await r.rotation(path)
            #expect(done["state"]?.asString == "done", "\(done)")
            #expect(done["proof"]?["code"]?.asString == "-2008")
            #expect(try await r.versions() == "1 previous, 2 current")
            let states = try await r.events("key.rotation.changed").map { $0["state"]?.asString }
            #expect(states == ["staged", "testing", "promoting", "overlap", "retiring", "done"])
            #expect(r.desk.exchange.askers.filter { $0 == "new-api-key" }.count == 1)
        }
    }

    @Test func `a rotation waits for the secret that comes later, and starts when it is there`() async throws
    {
        try await RotationDesk.run { r in
            let path = try await r.open()
            #expect(try await r.rotation(path)["waiting_for"]?.asString == "credential")
            #expect(try await r.desk.call("POST", path + "/advance").status == 409)
            _ = try await r.desk.call("POST", r.path + "/versions", "{\(RotationDesk.credential("new"))}")
            #expect(try await r.rotation(path)["version"]?.asInt == 2)
            let advanced = try await r.desk.call("POST", path + "/advance")
            #expect(advanced.json["state"]?.asString == "overlap", "\(advanced.text)")
        }
    }

    @Test func `a generated pair waits for the exchange's name for it`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open(#"{"credential": {"generate": true, "kind": "ed25519"}}"#)
            #expect(try await r.rotation(path)["waiting_for"]?.asString == "api_key")
            try await r.tick()
            #expect(try await r.state(path) == "staged")
            #expect(try await r.desk.call("POST", path + "/advance").status == 422)
            let advanced = try await r.desk.call("POST", path + "/advance", #"{"api_key": "named-there"}"#)
            #expect(advanced.json["state"]?.asString == "overlap", "\(advanced.text)")
            #expect(r.desk.exchange.askers.last == "named-there")
        }
    }

    @Test func `a second rotation is refused while one is under way`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open()
            let again = try await r.desk.call("POST", r.path + "/rotations", "{}")
            #expect(again.status == 409)
            #expect(path.hasSuffix(again.json["rotation_id"]?.asString ?? "?"), "\(again.text)")
            let bare = try await r.desk.register("bare")
            #expect(try await r.desk.call("POST", bare + "/rotations", "{}").status == 409)
        }
    }

    @Test func `what gained withdrawals is never promoted`() async throws {
        try await RotationDesk.run { r in
            r.desk.exchange.says(200, RotationDesk.restrictions(withdrawals: true), toKey: "new-api-key")
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            let failed = try await r.desk.call("POST", path + "/advance")
            #expect(failed.json["state"]?.asString == "failed", "\(failed.text)")
            #expect(failed.json["error"]?["code"]?.asString == "gained_withdraw")
            #expect(try await r.versions() == "1 current, 2 pending")
            // Mended at the exchange, the same version goes on.
            r.desk.exchange.says(200, RotationDesk.restrictions(), toKey: "new-api-key")
            #expect(
                try await r.desk.call("POST", path + "/advance").json["state"]?.asString == "overlap")
        }
    }

    @Test func `a version that failed is destroyed, and the rotation waits for another`() async throws {
        try await RotationDesk.run { r in
            r.desk.exchange.says(200, RotationDesk.restrictions(trading: false), toKey: "new-api-key")
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            let failed = try await r.desk.call("POST", path + "/advance")
            #expect(failed.json["error"]?["code"]?.asString == "lost_permission", "\(failed.text)")
            let destroyed = try await r.desk.call(
                "POST", r.path + "/versions/2/destroy", #"{"confirm": "a", "reason": "it cannot trade"}"#)
            #expect(destroyed.status == 200, "\(destroyed.text)")
            #expect(try await r.rotation(path)["waiting_for"]?.asString == "credential")
            _ = try await r.desk.call("POST", r.path + "/versions", "{\(RotationDesk.credential("third"))}")
            try await r.tick()
            #expect(try await r.state(path) == "overlap")
            #expect(try await r.versions() == "1 previous, 2 destroyed, 3 current")
        }
    }

    @Test func `an exchange that is away is asked again, later and later, and then somebody is told`()
        async throws
    {
        try await RotationDesk.run { r in
            r.desk.exchange.isAway()
            let path = try await r.open(#"{"within": "2h", \#(RotationDesk.credential("new"))}"#)
            for _ in 0..<119 { try await r.tick() }
            let asked = r.desk.exchange.askers.filter { $0 == "new-api-key" }.count
            #expect(asked > 3 && asked < 10, "\(asked)")
            #expect(try await r.state(path) == "testing")
            #expect(try await r.events("key.rotation.stuck").isEmpty)
            for _ in 0..<3 { try await r.tick() }
            let stuck = try await r.events("key.rotation.stuck")
            #expect(stuck.count == 1)
            #expect(stuck.first?["state"]?.asString == "testing")
            #expect(stuck.first?["error"]?.asString == "unreachable")
            try await r.tick(.days(1))
            #expect(try await r.events("key.rotation.stuck").count == 2)
            r.desk.exchange.says(200, RotationDesk.restrictions())
            try await r.tick(.hours(2))
            #expect(try await r.state(path) == "overlap")
        }
    }

    @Test func `a new key that the exchange refuses is forgiven some times, not for ever`() async throws {
        try await RotationDesk.run { r in
            r.desk.exchange.says(400, RotationDesk.refused, toKey: "new-api-key")
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            for _ in 0..<Rotation.refusalsForgiven { try await r.tick(.minutes(10)) }
            #expect(try await r.state(path) == "testing")
            try await r.tick(.minutes(10))
            #expect(try await r.state(path) == "failed")
            #expect(try await r.versions() == "1 current, 2 pending")
        }
    }

    @Test func `rolling back in the overlap brings the old version back`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            try await r.tick()
            #expect(try await r.versions() == "1 previous, 2 current")
            let back = try await r.desk.call("POST", path + "/rollback", #"{"reason": "orders fail"}"#)
            #expect(back.json["state"]?.asString == "rolled_back", "\(back.text)")
            #expect(try await r.versions() == "1 current, 2 previous")
            #expect(try await r.desk.call("GET", r.path).json["status"]?.asString == "active")
            #expect(try await r.desk.call("POST", path + "/advance").status == 409)
            #expect(try await r.desk.call("POST", path + "/rollback", #"{"reason": "x"}"#).status == 409)
            // The next one is free to begin, with a version of its own.
            let next = try await r.open("{\(RotationDesk.credential("third"))}")
            try await r.tick()
            #expect(try await r.state(next) == "overlap")
            #expect(try await r.versions() == "1 previous, 2 previous, 3 current")
        }
    }

    @Test func `rolling back before the promotion leaves the version pending for the next rotation`()
        async throws
    {
        try await RotationDesk.run { r in
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            _ = try await r.desk.call("POST", path + "/rollback", #"{"reason": "not now"}"#)
            try await r.tick()
            #expect(try await r.versions() == "1 current, 2 pending")
            #expect(try await r.rotation(try await r.open())["version"]?.asInt == 2)
        }
    }

    @Test func `the overlap ends early only when asked`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            try await r.tick()
            let early = try await r.desk.call("POST", path + "/advance")
            #expect(early.status == 409 && early.text.contains("end_overlap"), "\(early.text)")
            r.desk.exchange.says(400, RotationDesk.refused, toKey: "old-api-key")
            let ended = try await r.desk.call("POST", path + "/advance", #"{"end_overlap": true}"#)
            #expect(ended.json["state"]?.asString == "done", "\(ended.text)")
        }
    }

    @Test func `versions that a rotation needs are not activated or destroyed by hand`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            #expect(try await r.desk.call("POST", r.path + "/versions/2/activate").status == 409)
            try await r.tick()
            let destroy = #"{"confirm": "a", "reason": "x"}"#
            #expect(try await r.desk.call("POST", r.path + "/versions/1/destroy", destroy).status == 409)
            #expect(try await r.desk.call("POST", r.path + "/versions/1/activate").status == 409)
            #expect(try await r.state(path) == "overlap")
        }
    }

    @Test func `a revoked key is not rotated any more, one or many`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            _ = try await r.desk.call("POST", r.path + "/revoke", #"{"reason": "leak"}"#)
            let over = try await r.rotation(path)
            #expect(
                over["state"]?.asString == "rolled_back" && over["error"]?["code"]?.asString == "key_revoked")
            let other = try await RotationDesk(r.desk, #""allow_duplicate": true, "tags": ["b"], "#)
            let second = try await other.open()
            let swept = try await r.desk.call(
                "POST", "/v1/keys/revoke",
                #"{"selector": {"all": true}, "reason": "leak", "expect_count": 1}"#)
            #expect(swept.status == 200, "\(swept.text)")
            #expect(try await other.state(second) == "rolled_back")
        }
    }

    @Test func `a stopped key is rotated too, and stays stopped`() async throws {
        try await RotationDesk.run { r in
            _ = try await r.desk.call("POST", r.path + "/suspend", #"{"reason": "a leak, perhaps"}"#)
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            try await r.tick()
            #expect(try await r.state(path) == "overlap")
            #expect(try await r.desk.call("GET", r.path).json["status"]?.asString == "suspended")
        }
    }

    @Test func `a plan that is due opens a rotation, once`() async throws {
        try await RotationDesk.run(#""rotation": {"every": "30d"}, "#) { r in
            try await r.tick(.days(29))
            #expect(
                try await r.desk.call("GET", r.path + "/rotations").json["data"]?.asArray?.isEmpty == true)
            try await r.tick(.days(2))
            try await r.tick()
            let all = try await r.desk.call("GET", r.path + "/rotations").json["data"]?.asArray
            #expect(all?.count == 1 && all?.first?["cause"]?.asString == "scheduled")
            #expect(all?.first?["waiting_for"]?.asString == "credential")
        }
    }

    @Test func `a secret that lay in a file is to be rotated at once`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", #""origin": "file", \#(RotationDesk.credential("old"))"#)
            let all = try await desk.call("GET", path + "/rotations").json["data"]?.asArray
            #expect(all?.count == 1 && all?.first?["cause"]?.asString == "file")
            #expect(try await desk.call("GET", "/v1/rotations?open=true").json["data"]?.asArray?.count == 1)
            #expect(try await desk.call("GET", "/v1/rotations?state=done").json["data"]?.asArray == [])
            #expect(try await desk.call("GET", "/v1/rotations?stuck=true").json["data"]?.asArray == [])
            desk.time.move(.days(8))
            #expect(try await desk.call("GET", "/v1/rotations?stuck=true").json["data"]?.asArray?.count == 1)
        }
    }

    @Test func `who writes to the database cannot have an untested version promoted`() async throws {
        try await RotationDesk.run { r in
            r.desk.exchange.says(200, RotationDesk.restrictions(withdrawals: true), toKey: "new-api-key")
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            try await r.desk.run(
                "update key_rotation set state = 'promoting', next_at = now() - interval '10 years'")
            try await r.tick()
            #expect(try await r.state(path) == "failed")
            #expect(try await r.versions() == "1 current, 2 pending")
        }
    }

    @Test func `who writes to the database cannot have an old version promoted`() async throws {
        try await RotationDesk.run { r in
            let first = try await r.open("{\(RotationDesk.credential("new"))}")
            try await r.tick()
            r.desk.exchange.says(400, RotationDesk.refused, toKey: "old-api-key")
            _ = try await r.desk.call("POST", first + "/advance", #"{"end_overlap": true}"#)
            let path = try await r.open()
            try await r.desk.run(
                "update key_version set state = 'pending' where version = 1",
                "update key_rotation set state = 'staged', version = 1, next_at = now() - interval '10 years'"
                    + " where state = 'staged'")
            r.desk.exchange.says(200, RotationDesk.restrictions(), toKey: "old-api-key")
            for _ in 0..<3 { try await r.tick() }
            #expect(try await r.state(path) != "overlap")
            #expect(try await r.desk.call("GET", r.path).json["current_version"]?.asInt == 2)
        }
    }

    @Test func `after a restore time promotes nothing until the restore is confirmed`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open("{\(RotationDesk.credential("new"))}")
            try await r.desk.run("update authority set restored_at = now()")
            for _ in 0..<3 { try await r.tick(.minutes(10)) }
            #expect(try await r.versions() == "1 current, 2 pending")
            let pushed = try await r.desk.call("POST", path + "/advance")
            #expect(pushed.status == 503 && pushed.text.contains("restore_unconfirmed"), "\(pushed.text)")
            try await r.desk.run("update authority set restored_at = null")
            try await r.tick()
            #expect(try await r.versions() == "1 previous, 2 current")
        }
    }

    @Test func `lists come in pages`() async throws {
        try await RotationDesk.run { r in
            for _ in 0..<3 {
                let path = try await r.open()
                _ = try await r.desk.call("POST", path + "/rollback", #"{"reason": "x"}"#)
                r.desk.time.move(.minutes(1))
            }
            var seen: [String] = []
            var next = ""
            repeat {
                let page = try await r.desk.call("GET", r.path + "/rotations?limit=2" + next)
                seen += page.json["data"]?.asArray?.compactMap { $0["id"]?.asString } ?? []
                next = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
            } while !next.isEmpty
            #expect(seen.count == 3 && Set(seen).count == 3)
            #expect(seen == seen.sorted(by: >))
        }
    }

    @Test func `wishes are checked`() async throws {
        try await RotationDesk.run { r in
            for (body, pointer) in [
                (#"{"overlap": "91d"}"#, "/overlap"), (#"{"within": "1s"}"#, "/within"),
                (#"{"reason": ""}"#, "/reason"), (#"{"credential": {"api_key": "x"}}"#, "/credential/secret"),
                (#"{"sooner": true}"#, "/sooner"),
            ] {
                let answer = try await r.desk.call("POST", r.path + "/rotations", body)
                #expect(answer.status == 422 && answer.text.contains(pointer), "\(answer.text)")
            }
            #expect(try await r.desk.call("GET", r.path + "/rotations").json["data"]?.asArray == [])
        }
    }
}
