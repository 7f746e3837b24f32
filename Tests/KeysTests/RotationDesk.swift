import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

/// A desk with one key that the exchange has confirmed, and what rotations need of its exchange.
struct RotationDesk {
    static let refused = #"{"code":-2008,"msg":"Invalid Api-Key ID."}"#

    let desk: KeyDesk
    let path: String

    init(_ desk: KeyDesk, _ more: String = "") async throws {
        self.desk = desk
        desk.exchange.says(200, Self.restrictions())
        path = try await desk.register(
            "a", #""permissions": ["read", "trade_spot"], \#(more)"# + Self.credential("old"))
        let verified = try await desk.call("POST", path + "/verify")
        try #require(verified.json["status"]?.asString == "active", "\(verified.text)")
    }

    static func run(
        _ more: String = "", _ body: @Sendable @escaping (RotationDesk) async throws -> Void
    ) async throws {
        try await KeyDesk.run { desk in try await body(try await RotationDesk(desk, more)) }
    }

    static func credential(_ name: String) -> String {
        #""credential": {"api_key": "\#(name)-api-key", "secret": "the-secret-called-\#(name)"}"#
    }

    /// What Binance answers to `GET /sapi/v1/account/apiRestrictions`.
    static func restrictions(withdrawals: Bool = false, trading: Bool = true, bound: Bool = true) -> String {
        """
        {"ipRestrict":\(bound),"createTime":1698645219000,"enableReading":true,\
        "enableWithdrawals":\(withdrawals),"enableInternalTransfer":false,"enableMargin":false,\
        "enableFutures":false,"permitsUniversalTransfer":false,"enableVanillaOptions":false,\
        "enableFixApiTrade":false,"enableFixReadOnly":false,"enableSpotAndMarginTrading":\(trading),\
        "enablePortfolioMarginTrading":false}
        """
    }

    /// Answers the rotation's path.
    func open(_ body: String = "{}") async throws -> String {
        let answer = try await desk.call("POST", path + "/rotations", body)
        try #require(answer.status == 201, "\(answer.text)")
        return path + "/rotations/\(answer.json["id"]?.asString ?? "")"
    }

    func rotation(_ path: String) async throws -> JSONValue { try await desk.call("GET", path).json }

    func state(_ path: String) async throws -> String? { try await rotation(path)["state"]?.asString }

    func tick(_ period: Period = .minutes(1)) async throws {
        desk.time.move(period)
        for job in ["key-rotation", "key-deletion"] { _ = try await desk.runJob(job, counting: "failed") }
    }

    /// Versions by their states: `1 previous, 2 current`.
    func versions() async throws -> String {
        let all = try await desk.call("GET", path + "/versions").json["data"]?.asArray ?? []
        return all.map { "\($0["version"]?.asInt ?? 0) \($0["state"]?.asString ?? "")" }
            .joined(separator: ", ")
    }

    func events(_ type: String) async throws -> [JSONValue] {
        try await desk.events().filter { $0.type == type }.map(\.data)
    }
}
