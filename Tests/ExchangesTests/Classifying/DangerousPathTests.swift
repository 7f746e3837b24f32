import JSON
import Testing

@testable import Exchanges

/// A request that moves money, keys, accounts or loans: `Tests/Fixtures/dangerous-paths.json`.
private struct DangerousPath: Hashable {
    let exchange: ExchangeName
    let host: String
    let method: String
    let path: String
    /// Methods under which the same path only tells something.
    let also: [String]

    static func all() throws -> [DangerousPath] {
        try Fixture.rows("dangerous-paths.json", "paths").compactMap { row in
            guard let exchange = row["exchange"]?.asString.flatMap(ExchangeName.init) else { return nil }
            let text = { (name: String) in row[name]?.asString ?? "" }
            return DangerousPath(
                exchange: exchange, host: text("host"), method: text("method"), path: text("path"),
                also: (row["also"]?.asArray ?? []).compactMap(\.asString))
        }
    }

    /// The same path as other servers might read it.
    var spellings: [String] {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        let front = String(path.dropLast(last.count))
        let code = { (text: String, rest: String) in "\(front)%\(text)\(rest)" }
        let hex = last.utf8.first.map { String($0, radix: 16, uppercase: true) } ?? ""
        let rest = String(last.dropFirst())
        return [
            path.uppercased(), path.lowercased(), front + last.prefix(1).uppercased() + last.dropFirst(),
            path + "/", path + "//",
            "/" + path,
            front + "/" + last, "/." + path, "/x/.." + path, "/%2e" + path, "/x/%2E%2E" + path,
            front + "./" + last, front + "%2F" + last, front.dropLast() + "%2f" + last, code(hex, rest),
            code(hex.lowercased(), rest), code("25" + hex, rest), path + ";", path + ";v=1", path + "%3B",
            front.dropLast() + ";a=b/" + last, path + "%20", path + "%00", path + "%0A", path + "%09",
            path + "%3F", path + "%23", path + ".json", path + ".", path + "%2E", path + "/.", path + "/..",
            front + "\\" + last, front + "%5C" + last, front + "%E2%80%8B" + last,
            path.replacing("a", "%D0%B0"), path.replacing("e", "%D0%B5"), path.replacing("k", "%E2%84%AA"),
            path.replacing("a", "\u{0430}"), path.replacing("k", "\u{212A}"), path.replacing("i", "\u{FF49}"),
            path + "\u{0}", path + " ", "https://example.org" + path, String(path.dropFirst()), "*", "",
        ].filter { $0 != path }
    }
}

extension RequestMeaning {
    /// A policy might let it through for what it seems to be.
    fileprivate var seemsHarmless: Bool {
        guard problems.isEmpty else { return false }
        return [.read, .trade, .cancel].contains(operation) || (operation == .stream && !admitsOrders)
    }
}

@Suite struct DangerousPathTests {
    private static let parameters = [
        "", "coin=BTC&address=1Boat&amount=1", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1",
        "currency=BTC",
    ]

    private func meaning(
        _ path: DangerousPath, _ method: String, _ text: String, _ query: String, _ body: String
    )
        -> RequestMeaning
    {
        var request = IncomingRequest(method, host: path.host, path: text, query: query)
        if !body.isEmpty {
            request.contentType =
                body.hasPrefix("{") ? "application/json" : "application/x-www-form-urlencoded"
            request.body = Array(body.utf8)
        }
        return path.exchange.classifier.meaning(of: request)
    }

    @Test func `none seems harmless, wherever its parameters stand`() throws {
        let paths = try DangerousPath.all()
        #expect(paths.count > 600)
        #expect(Set(paths.map(\.exchange)) == Set(ExchangeName.allCases))
        for path in paths {
            for text in Self.parameters {
                for (query, body) in [(text, ""), ("", text), (text, text), ("", #"{"symbol":"BTCUSDT"}"#)] {
                    let meaning = meaning(path, path.method, path.path, query, body)
                    #expect(!meaning.seemsHarmless, "\(path) \(query) \(body)")
                }
            }
        }
    }

    /// Neither what only tells, nor what takes a withdrawal back, nor a conversion within the account.
    @Test func `what says by its name that it moves money is withdraw or transfer`() throws {
        let names = ["withdraw", "transfer", "giftcard"]
        let paths = try DangerousPath.all().filter { path in
            let name = path.path.lowercased()
            return ["POST", "PUT"].contains(path.method) && names.contains { name.contains($0) }
                && !name.contains("cancel") && !name.contains("convert")
        }
        #expect(paths.count > 60)
        for path in paths {
            let operation = meaning(path, path.method, path.path, "", "").operation
            let isOut = path.path.lowercased().contains("withdraw")
            // A sub-account's withdrawal to its master stays on the exchange; a transfer may be to others.
            let isManaged = path.path.contains("managed-subaccount")
            #expect(operation.movesMoney && (!isOut || isManaged || operation == .withdraw), "\(path)")
        }
    }

    @Test func `none seems harmless in any other spelling`() throws {
        for path in try DangerousPath.all() {
            for spelling in path.spellings {
                #expect(!meaning(path, path.method, spelling, "", "").seemsHarmless, "\(path) \(spelling)")
            }
        }
    }

    @Test func `none seems harmless under another method, but where the path also tells something`() throws {
        let paths = try DangerousPath.all()
        let methods =
            RequestDraft.Method.allCases.map(\.rawValue) + ["HEAD", "OPTIONS", "get", "Post", "TRACE", ""]
        for path in paths {
            for method in methods where method != path.method {
                let found = meaning(path, method, path.path, "", "")
                guard found.seemsHarmless else { continue }
                #expect(path.also.contains(method) && found.operation == .read, "\(method) \(path)")
            }
        }
    }

    @Test func `what admits orders is told of streams that do`() {
        for (exchange, line) in [
            (ExchangeName.bybit, "GET main /realtime"), (.okx, "GET main /users/self/verify"),
            (.bitget, "GET main /user/verify"), (.kraken, "POST spot /0/private/GetWebSocketsToken"),
        ] {
            #expect(exchange.classifier.meaning(line) == "stream+orders")
        }
    }
}
