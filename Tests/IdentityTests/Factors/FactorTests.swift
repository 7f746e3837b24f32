import Access
import Events
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

@Suite struct FactorTests {
    @Test func `an app is begun, confirmed by its code, and brings ten recovery codes`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let begun = try await desk.call("POST", "/v1/me/factors/totp", ["name": "Ada's phone"])
            #expect(begun.status == 201 && begun.json["shown_once"] == true, "\(begun.text)")
            let secret = begun.json["secret"]?.asString ?? ""
            #expect(
                begun.json["uri"]?.asString
                    == "otpauth://totp/Keybell:owner@desk.example?secret=\(secret)&issuer=Keybell")
            #expect(begun.json["qr_code"]?.asString?.hasPrefix("<svg ") == true)
            let (id, app) = (begun.json["id"]?.asString ?? "", try #require(SoftApp(secret)))
            let path = "/v1/me/factors/\(id)/confirm"
            let early = try await desk.call("POST", path, ["code": "000000"])
            #expect(early.code == "factor_refused")
            let done = try await desk.call("POST", path, ["code": .string(app.code(at: desk.owner.now))])
            #expect(done.status == 201 && done.json["name"] == "Ada's phone", "\(done.text)")
            #expect(done.json["recovery_codes"]?.asArray?.count == 10)
            let list = try await desk.call("GET", "/v1/me/factors")
            #expect(list.json["data"]?[0]?["id"]?.asString == id)
            #expect(list.json["recovery_codes"]?["left"]?.asInt == 10)
            #expect(!list.text.contains(secret))
            #expect(try await desk.call("POST", path, ["code": "000000"]).code == "conflict")
            #expect(try await desk.house.events().map(\.type).suffix(1) == ["factor.added"])
        }
    }

    @Test func `one that was begun again and not confirmed makes room`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            for _ in 0..<3 { _ = try await desk.call("POST", "/v1/me/factors/totp", [:]) }
            let list = try await desk.call("GET", "/v1/me/factors")
            #expect(list.json["data"]?.asArray?.count == 1)
            #expect(list.json["data"]?[0]?["confirmed_at"] == .null)
        }
    }

    @Test func `one that is not confirmed in a quarter of an hour is none, and is deleted`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let begun = try await desk.call("POST", "/v1/me/factors/totp", [:])
            #expect(begun.json["expires_at"]?.asString == (desk.owner.now + .minutes(15)).description)
            let app = try #require(SoftApp(begun.json["secret"]?.asString ?? ""))
            let late = desk.at(.minutes(15))
            let path = "/v1/me/factors/\(begun.json["id"]?.asString ?? "")/confirm"
            let code = JSONValue.string(try app.code(at: late.now))
            #expect(try await desk.call("POST", path, ["code": code], as: late).code == "not_found")
            let list = try await desk.call("GET", "/v1/me/factors", as: late)
            #expect(list.json["data"]?.asArray?.isEmpty == true)
            let job = try #require(FactorJobs(ledger: desk.house.ledger).jobs.first)
            var deleted: [JSONValue?] = []
            for now in [desk.at(.minutes(14)).now, late.now] {
                let run = JobRun(
                    id: desk.house.ledger.newID(), context: .installation(now: now, requestID: "job"))
                deleted.append(try await job.run(run)["deleted"])
            }
            #expect(deleted == [0, 1])
            let just = try await desk.call("POST", "/v1/me/factors/totp", [:])
            let next = try #require(SoftApp(just.json["secret"]?.asString ?? ""))
            let intime = desk.at(.minutes(14))
            let done = try await desk.call(
                "POST", "/v1/me/factors/\(just.json["id"]?.asString ?? "")/confirm",
                ["code": .string(next.code(at: intime.now))], as: intime)
            #expect(done.status == 201, "\(done.text)")
        }
    }

    @Test func `a code of an older step does not count after a newer one`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let (_, app, _) = try await desk.addApp()
            let later = desk.at(.minutes(2))
            let next = try app.code(at: later.now + .seconds(30))
            let now = try app.code(at: later.now)
            #expect(try await desk.check(.totp(next), as: later) == .proven(.init(kind: .totp)))
            #expect(try await desk.check(.totp(now), as: later) == .wrong)
            #expect(try await desk.check(.totp(next), as: later) == .wrong)
        }
    }

    @Test func `wrong codes block codes for a while, and passkeys never`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let (_, app, codes) = try await desk.addApp()
            let passkey = try SoftAuthenticator(origin: FactorDesk.origin, credential: [1, 2, 3])
            #expect(try await desk.addPasskey(passkey).status == 201)
            let later = desk.at(.minutes(2))
            for _ in 0..<5 {
                #expect(try await desk.show(["totp": "000000"], as: later).code == "factor_refused")
            }
            let right: JSONValue = ["totp": .string(try app.code(at: later.now))]
            let blocked = try await desk.show(right, as: later)
            #expect(blocked.status == 429 && blocked.response.head[.retryAfter] == "5")
            let code: JSONValue = ["recovery_code": .string(codes.first ?? "")]
            #expect(try await desk.show(code, as: later).status == 429)
            let signed = try passkey.sign(desk.options(at: later.now))
            #expect(try await desk.show(["passkey": signed], as: later).status == 200)
            let after = desk.at(.minutes(2) + .seconds(5))
            #expect(try await desk.show(right, as: after).status == 200)
            let told = try await desk.house.events().filter { $0.type == "login.failed" }
            #expect(told.count { $0.data["reason"] == "wrong_factor" } == 5)
        }
    }

    @Test func `who shows wrong codes by a token or a session locks out nobody who comes by another`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let (_, app, _) = try await desk.addApp()
            let later = desk.at(.minutes(2))
            var (stolen, own, other) = (later, later, later)
            own.actor.accessToken = nil
            own.actor.session = try await desk.openSession()
            other.actor.accessToken = nil
            other.actor.session = try await desk.openSession()
            for context in [stolen, other] {
                for _ in 0..<5 { _ = try await desk.show(["totp": "000000"], as: context) }
                #expect(try await desk.show(["totp": "000000"], as: context).status == 429)
            }
            // However many tokens somebody has: 20 codes in all, and no session among them.
            for _ in 0..<4 {
                stolen.actor.accessToken = try await desk.anotherToken()
                for _ in 0..<5 { _ = try await desk.show(["totp": "000000"], as: stolen) }
            }
            stolen.actor.accessToken = try await desk.anotherToken()
            #expect(try await desk.show(["totp": "000000"], as: stolen).status == 429)
            let code = try app.code(at: later.now)
            let shown = try await desk.show(["totp": .string(code)], as: own)
            #expect(shown.status == 200, "\(shown.text)")
        }
    }

    @Test func `a removed factor is none, and with the last one the recovery codes go`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let (id, app, codes) = try await desk.addApp()
            let before = try await desk.house.epoch()
            #expect(try await desk.call("DELETE", "/v1/me/factors/\(id)").status == 204)
            #expect(try await desk.house.epoch() > before)
            #expect(try await desk.call("DELETE", "/v1/me/factors/\(id)").status == 404)
            let later = desk.at(.minutes(2))
            #expect(try await desk.check(.totp(app.code(at: later.now)), as: later) == .wrong)
            #expect(try await desk.check(.recoveryCode(codes.first ?? ""), as: later) == .wrong)
            #expect(try await desk.call("POST", "/v1/me/factors/recovery-codes").code == "conflict")
            let removed = try await desk.house.events().filter { $0.type == "factor.removed" }
            #expect(removed.first?.data["reason"] == "removed")
        }
    }

    @Test func `fresh recovery codes put the old ones out of use`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            let old = try await desk.addApp().codes
            let made = try await desk.call("POST", "/v1/me/factors/recovery-codes")
            let fresh = made.json["recovery_codes"]?.asArray?.compactMap(\.asString) ?? []
            #expect(made.status == 201 && fresh.count == 10, "\(made.text)")
            #expect(try await desk.check(.recoveryCode(old.first ?? "")) == .wrong)
            let verdict = try await desk.check(.recoveryCode(fresh.first ?? ""))
            #expect(verdict == .proven(.init(kind: .recoveryCode)))
        }
    }

    @Test func `an admin resets the factors of somebody whose phone is lost, and of no owner`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            _ = try await desk.addApp()
            let admin = try await desk.house.join("admin", .admin, by: desk.owner)
            let path = "/v1/users/\(desk.user)/factors"
            #expect(try await desk.call("DELETE", path, as: admin).status == 403)
            #expect(try await desk.call("GET", path, as: admin).json["data"]?.asArray?.count == 1)
            #expect(try await desk.call("DELETE", path).status == 204)
            let list = try await desk.call("GET", "/v1/me/factors")
            #expect(list.json["data"]?.asArray?.isEmpty == true)
            #expect(list.json["recovery_codes"]?["left"]?.asInt == 0)
            let removed = try await desk.house.events().filter { $0.type == "factor.removed" }
            #expect(removed.first?.data["reason"] == "reset")
        }
    }

    @Test func `a service account has no factors`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let desk = try await FactorDesk(database)
            var bot = desk.owner
            bot.actor.principal = PrincipalID(.serviceAccount, UUID(high: 1, low: 1))
            for (method, path) in [
                ("GET", "/v1/me/factors"), ("GET", "/v1/me/factors/passkeys/options"),
                ("POST", "/v1/me/factors/recovery-codes"),
            ] {
                #expect(try await desk.call(method, path, as: bot).code == "human_required", "\(path)")
            }
        }
    }
}
