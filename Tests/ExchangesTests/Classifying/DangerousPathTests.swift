import JSON
import TestSupport
import Testing

@testable import Exchanges

extension DangerousPath {
    fileprivate var classifier: RequestClassifier {
        guard let name = ExchangeName(rawValue: exchange) else { preconditionFailure("no such exchange") }
        return name.classifier
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
        return path.classifier.meaning(of: request)
    }

    @Test func `none seems harmless, wherever its parameters stand`() throws {
        let paths = try DangerousPath.all()
        #expect(paths.count > 600)
        #expect(Set(paths.map(\.exchange)) == Set(ExchangeName.allCases.map(\.rawValue)))
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

    /// What a generous server might take for a withdrawal is recorded as one, though none is sent.
    @Test(arguments: [
        "/sapi/v1/capital/withdraw/apply/", "//sapi/v1/capital/withdraw/apply",
        "/./sapi/v1/capital/withdraw/apply", "/x/../sapi/v1/capital/withdraw/apply",
        "/sapi/v1/capital//withdraw/apply", "/sapi/v1/capital%2Fwithdraw%2fapply",
        "/sapi/v1/capital/%77ithdraw/apply", "/sapi/v1/capital/%2577ithdraw/apply",
        "/sapi/v1/capital;v=1/withdraw/apply;a", "/sapi/v1/capital/WITHDRAW/apply//",
        "/sapi/v1/capital/withdraw/apply%00", "/sapi/v1/capital%5Cwithdraw/apply",
        "/../../v1/x/../../sapi/v1/capital/withdraw/apply",
    ])
    func `a withdrawal in another spelling is told as one`(path: String) {
        let meaning = ExchangeName.binance.classifier.meaning(
            of: IncomingRequest("POST", host: "spot", path: path, query: "coin=BTC"))
        #expect(meaning.operation == .withdraw && !meaning.problems.isEmpty, "\(meaning)")
    }

    @Test func `what cannot be read and moves nothing is admin`() {
        for (method, path) in [
            ("POST", "/api/v3/order/"), ("GET", "/sapi/v1/capital/withdraw/history/"), ("POST", "/../.."),
            ("POST", "//"), ("HEAD", "/sapi/v1/capital/withdraw/apply/"),
        ] {
            let meaning = ExchangeName.binance.classifier.meaning(
                of: IncomingRequest(method, host: "spot", path: path))
            #expect(meaning.operation == .admin && !meaning.problems.isEmpty, "\(path): \(meaning)")
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
