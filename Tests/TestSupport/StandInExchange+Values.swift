package import JSON

extension StandInExchange {
    package enum KeyState: String, Sendable { case enabled, disabled, deleted }

    /// How the exchange checks a key's signatures.
    package enum Proof: Sendable {
        /// Kraken's is base64.
        case secret(String)
        /// PEM, `BEGIN PUBLIC KEY`.
        case publicKey(String)
    }

    /// A key as a person would have made it on the exchange's website.
    package struct Key: Sendable {
        package var venue: Venue
        package var apiKey: String
        package var proof: Proof
        package var passphrase: String?
        /// Of `read, trade_spot, trade_margin, trade_derivatives, transfer, withdraw`.
        package var permissions: [String]
        /// Addresses or networks; none means from everywhere. Requests come from 127.0.0.1, see `Behaviour`.
        package var addresses: [String]
        /// Epoch milliseconds.
        package var expiresAt: Int64?
        package var createdAt: Int64?
        /// OKX's demo keys want `x-simulated-trading: 1`.
        package var isDemo = false
        package var nonceWindow: Int64?
        /// Laid over what the permission probe answers.
        package var extra: JSONValue?
        /// Keys of one account share balances, positions and orders; without it a key has its own.
        package var account: String?

        package init(
            _ venue: Venue, _ apiKey: String, _ proof: Proof, passphrase: String? = nil,
            permissions: [String] = ["read"], addresses: [String] = [], expiresAt: Int64? = nil
        ) {
            (self.venue, self.apiKey, self.proof, self.passphrase) = (venue, apiKey, proof, passphrase)
            (self.permissions, self.addresses, self.expiresAt) = (permissions, addresses, expiresAt)
        }

        var json: JSONValue {
            var members: [(String, JSONValue?)] = [
                ("exchange", .string(venue.rawValue)), ("api_key", .string(apiKey)),
                ("passphrase", passphrase.map { .string($0) }),
                ("permissions", .array(permissions.map { .string($0) })),
                ("ips", .array(addresses.map { .string($0) })), ("expires_at", .integer(expiresAt)),
                ("created_at", .integer(createdAt)), ("environment", isDemo ? "demo" : "live"),
                ("nonce_window", .integer(nonceWindow)), ("extra", extra),
                ("account", account.map { .string($0) }),
            ]
            switch proof {
            case .secret(let text): members.append(("secret", .string(text)))
            case .publicKey(let text): members.append(("public_key", .string(text)))
            }
            return .object(of: members)
        }
    }

    /// Ways to misbehave; all of them nil is good behaviour. `fail`, `retryAfter`, `ban` and `maintenance`
    /// refuse before a request is judged, all others let it be carried out first.
    package struct Behaviour: Sendable {
        package enum Drop: String, Sendable {
            case afterRequest = "after_request"
            case midAnswer = "mid_answer"
        }

        /// Answered with this status, and `body` when there is one.
        package var fail: Int64?
        package var body: String?
        /// Throttled: 429, with as many seconds to wait.
        package var retryAfter: Int64?
        /// Banned, for as many seconds: 418 or 403, as the exchange has it.
        package var ban: Int64?
        package var maintenance: Bool?
        package var stallMilliseconds: Int64?
        /// Between the tenths of an answer.
        package var dripMilliseconds: Int64?
        /// More of them in the answer: cookies, redirections, what browsers may do.
        package var headers: [String: String]?
        /// An answer of as many bytes more.
        package var huge: Int64?
        /// Answers come as nobody asked for them: `gzip` or `utf-16`.
        package var coding: String?
        /// The connection ends instead of the answer, or within it.
        package var drop: Drop?
        package var rubbish: Bool?
        /// A text that the answer repeats.
        package var echo: String?
        /// Permissions that the probe reports, whatever the key has.
        package var claim: [String]?
        /// A key that asks to be deleted stays, although it is told that it was deleted.
        package var keep: Bool?
        package var clockOffsetMilliseconds: Int64?
        /// Where requests seem to come from.
        package var seenAddress: String?
        /// Which requests: this method, paths that begin so, and that many.
        package var method: String?
        package var path: String?
        package var times: Int64?

        package init() {}

        var members: [(String, JSONValue?)] {
            [
                ("fail", .integer(fail)), ("body", body.map { .string($0) }),
                ("retry_after", .integer(retryAfter)), ("stall_ms", .integer(stallMilliseconds)),
                ("ban", .integer(ban)), ("maintenance", maintenance.map { .bool($0) }),
                ("drip_ms", .integer(dripMilliseconds)), ("huge", .integer(huge)),
                ("headers", headers.map { .object(of: $0.map { ($0.key, .string($0.value)) }) }),
                ("drop", drop.map { .string($0.rawValue) }), ("rubbish", rubbish.map { .bool($0) }),
                ("echo", echo.map { .string($0) }), ("coding", coding.map { .string($0) }),
                ("claim", claim.map { .array($0.map { .string($0) }) }),
                ("keep", keep.map { .bool($0) }),
                ("clock_offset_ms", .integer(clockOffsetMilliseconds)),
                ("seen_address", seenAddress.map { .string($0) }), ("method", method.map { .string($0) }),
                ("path", path.map { .string($0) }), ("times", .integer(times)),
            ]
        }
    }

    /// A request as it reached an exchange.
    package struct Record: Sendable {
        package let json: JSONValue

        init(_ json: JSONValue) { self.json = json }

        package var number: Int64 { json["number"]?.asInt ?? 0 }
        /// Epoch milliseconds.
        package var at: Int64 { json["at"]?.asInt ?? 0 }
        package var apiKey: String { text("api_key") }
        package var method: String { text("method") }
        package var path: String { text("path") }
        package var query: String { text("query") }
        package var body: String { text("body") }
        /// Connections are numbered as they arrive.
        package var connection: Int64 { json["connection"]?.asInt ?? 0 }
        /// The address that it came from.
        package var peer: String { text("peer") }
        /// `withdraw` or `transfer` when the path does that, otherwise empty.
        package var reaches: String { text("reaches") }
        /// `accepted`, why it was refused, or `edge` when a behaviour kept it from being judged.
        package var verdict: String { text("verdict") }
        /// 0 when no whole answer was sent.
        package var status: Int64 { json["status"]?.asInt ?? 0 }

        /// - Parameter name: in lower case.
        package func header(_ name: String) -> String? { json["headers"]?[name]?.asString }

        private func text(_ name: String) -> String { json[name]?.asString ?? "" }
    }
}

extension JSONValue {
    /// Without the members that are nil.
    static func object(of members: [(String, JSONValue?)]) -> JSONValue {
        var object = JSONObject()
        for case (let name, let value?) in members {
            let isNew = object.append(name, value)
            precondition(isNew, "a member twice: \(name)")
        }
        return .object(object)
    }

    static func integer(_ value: Int64?) -> JSONValue? { value.map { .number(JSONNumber($0)) } }
}
