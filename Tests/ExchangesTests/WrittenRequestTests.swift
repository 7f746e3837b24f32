import Crypto
import JSON
import Kernel
import Testing

@testable import Exchanges

/// What a client wrote goes out as it wrote it, and is signed so.
@Suite struct WrittenRequestTests {
    private static let moment = SigningMoment(at: Timestamp(milliseconds: 1_700_000_000_123), nonce: 7)
    /// Lower-case and needless escapes, plain characters that we would encode, empty values.
    private static let query = "b=%c3%a4%2f&a=1,2:3/@x&%61c=&l=[%22x%22]&~=(!)*'$"
    private static let fields = query.split(separator: "&").compactMap(RequestDraft.Field.init(written:))

    private func sign(_ exchange: ExchangeName, _ draft: RequestDraft) throws -> SignedRequest {
        let host = try #require(exchange.adapter.host(draft.host, in: .live))
        return try exchange.adapter.sign(draft, with: anyCredential(exchange), at: Self.moment, to: host)
    }

    @Test func `a query is sent as it was written at every exchange that takes one`() throws {
        #expect(Self.fields.count == 5)
        #expect(Self.fields.map(\.name) == ["b", "a", "ac", "l", "~"])
        #expect(Self.fields.map(\.value) == ["ä/", "1,2:3/@x", "", #"["x"]"#, "(!)*'$"])
        for exchange in Exchange.all where exchange.name != .kraken {
            for alias in exchange.aliases {
                let draft = try RequestDraft(.get, host: alias, path: "/p", query: Self.fields)
                let url = try sign(exchange.name, draft).url
                #expect(url.contains(Self.query), "\(exchange.name) \(url)")
            }
        }
    }

    @Test func `a form is sent as it was written`() throws {
        for exchange in [ExchangeName.binance, .kraken] {
            let draft = try RequestDraft(.post, host: "spot", path: "/p", body: .form(Self.fields))
            let body = String(decoding: try #require(try sign(exchange, draft).body), as: UTF8.self)
            #expect(body.contains(Self.query), "\(exchange) \(body)")
        }
    }

    @Test func `JSON is sent to the byte`() throws {
        let json = Array(" {\"b\" :[1.50, {\"ä\":\"\\u00e4\"}],\n\"a\":null } ".utf8)
        for (exchange, alias) in [
            (ExchangeName.bybit, "main"), (.okx, "main"), (.coinbase, "main"), (.kucoin, "futures"),
            (.gate, "main"), (.bitget, "main"), (.mexc, "futures"),
        ] {
            let draft = try RequestDraft(.post, host: alias, path: "/p", body: .json(json))
            #expect(try sign(exchange, draft).body == json)
        }
    }

    @Test func `what two readers could take for different things is no field`() {
        for text in [
            "", "a", "a=+", "a=1;b=2", "a=%", "a=%g1", "a=%ff", "a=ä", "a= ", "a=1&b=2", "a=#", "+=1",
        ] {
            #expect(RequestDraft.Field(written: text[...]) == nil, "\(text)")
        }
        // Two spellings of one name are the same name.
        let twice = [RequestDraft.Field(written: "a=1"), .init(written: "%61=2")].compactMap { $0 }
        #expect(throws: DraftRefusal.duplicateName("a")) {
            try RequestDraft(.get, host: "spot", path: "/p", query: twice)
        }
        let hidden = [RequestDraft.Field(written: "a=%0d%0a")].compactMap { $0 }
        #expect(throws: DraftRefusal.controlCharacter(in: "a")) {
            try RequestDraft(.get, host: "spot", path: "/p", query: hidden)
        }
    }

    @Test func `what a stock client signed with its dummy is dropped, and nothing else changes`() throws {
        let text = "symbol=a%2fb&timestamp=1&side=&recvWindow=9&%73ignature=x"
        let fields = text.split(separator: "&").compactMap(RequestDraft.Field.init(written:))
        let query = try RequestDraft(.get, host: "spot", path: "/p", query: fields)
        let form = try RequestDraft(.post, host: "spot", path: "/p", body: .form(fields))
        #expect(query.dropping(Binance.ownFields).query.written == "symbol=a%2fb&side=")
        #expect(form.dropping(Binance.ownFields).form.written == "symbol=a%2fb&side=")
        #expect(query.dropping([]) == query)
    }

    @Test func `a nonce is dropped out of JSON and put into it, and every other byte stays`() throws {
        let rows: [(String, String, String)] = [
            (#"{"nonce":"1","a":[1, {"nonce":2}]}"#, #"{"a":[1, {"nonce":2}]}"#, #""a":[1, {"nonce":2}]"#),
            (#"{ "a" : "},\"" , "\u006eonce" : 5 }"#, #"{"a" : "},\""}"#, #""a" : "},\"""#),
            (#"{"nonce":"1"}"#, "{}", ""), (#" {"a":1} "#, #" {"a":1} "#, #""a":1"#),
        ]
        for (text, dropped, members) in rows {
            let draft = try RequestDraft(.post, host: "spot", path: "/p", body: .json(Array(text.utf8)))
            let without = draft.dropping(Kraken.ownFields)
            #expect(without.body == .json(Array(dropped.utf8)), "\(text)")
            let sent = String(decoding: try #require(try sign(.kraken, without).body), as: UTF8.self)
            let expected = members.isEmpty ? #"{"nonce":"7""# : #"{"nonce":"7",\#(members)"#
            #expect(sent.contains(expected), "\(sent)")
            #expect(try JSONValue.parse(sent)["nonce"] == "7")
        }
        let list = try RequestDraft(.post, host: "spot", path: "/p", body: .json(Array("[1]".utf8)))
        #expect(list.dropping(Kraken.ownFields) == list)
    }

    @Test func `Kraken signs a batch's JSON as it goes out`() throws {
        let draft = try RequestDraft(
            .post, host: "spot", path: "/0/private/AddOrderBatch",
            body: .json(Array(#"{"pair":"XBTUSD"}"#.utf8)))
        let signed = try sign(.kraken, draft)
        let body = Array(#"{"nonce":"7","pair":"XBTUSD"}"#.utf8)
        let message = Array("/0/private/AddOrderBatch".utf8) + SHA256.hash(Array("7".utf8) + body)
        let code = Base64.encode(try anyCredential(.kraken).signature(for: message))
        #expect(signed.body == body)
        #expect(signed.headers.contains(.init("API-Sign", code)) && signed.headers.contains(.json))
    }

    @Test func `Binance's streams take the key alone`() throws {
        for path in ["/fapi/v1/listenKey", "/api/v3/userDataStream"] {
            let signed = try sign(.binance, RequestDraft(.post, host: "usdm", path: path))
            #expect(signed.url == "https://fapi.binance.com" + path && signed.body == nil)
            #expect(signed.headers == [.init("X-MBX-APIKEY", "AKEY")])
        }
        let form = try RequestDraft(
            .put, host: "spot", path: "/api/v3/userDataStream", body: .form([.init("listenKey", "x")]))
        #expect(try sign(.binance, form).body == Array("listenKey=x".utf8))
        let stamped = try RequestDraft(
            .put, host: "spot", path: "/api/v3/userDataStream", query: [.init("signature", "x")])
        #expect(throws: SigningError.reservedField("signature")) { try sign(.binance, stamped) }
    }

    @Test func `some sign the query sorted, or without its encoding, and send it as it was written`()
        throws
    {
        let fields = "b=%c3%a4&B=2&a=x%20y".split(separator: "&").compactMap(
            RequestDraft.Field.init(written:))
        let expected: [(ExchangeName, String, String, String)] = [
            (.bitget, "main", "ACCESS-SIGN", "1700000000123GET/p?B=2&a=x y&b=ä"),
            (.kucoin, "futures", "KC-API-SIGN", "1700000000123GET/p?b=ä&B=2&a=x y"),
            (.mexc, "futures", "Signature", "AKEY1700000000123B=2&a=x%20y&b=%c3%a4"),
            (
                .gate, "main", "SIGN",
                "GET\n/p\nb=ä&B=2&a=x y\n\(Hex.encode(SHA512.hash("")))\n1700000000"
            ),
        ]
        for (exchange, alias, header, text) in expected {
            let signed = try sign(exchange, RequestDraft(.get, host: alias, path: "/p", query: fields))
            let code = try anyCredential(exchange).signature(for: Array(text.utf8))
            let written = [.bitget, .kucoin].contains(exchange) ? Base64.encode(code) : Hex.encode(code)
            #expect(signed.headers.contains(.init(header, written)), "\(exchange)")
        }
    }

    @Test func `test networks and demonstrations are where they belong`() throws {
        let places: [(ExchangeName, String, Environment, String?)] = [
            (.gate, "main", .testnet, "https://api-testnet.gateapi.io"), (.gate, "main", .demo, nil),
            (.bitget, "main", .demo, "https://api.bitget.com"), (.bitget, "main", .testnet, nil),
            (.mexc, "futures", .live, "https://api.mexc.com"), (.mexc, "spot", .testnet, nil),
        ]
        for (exchange, alias, environment, base) in places {
            #expect(exchange.adapter.host(alias, in: environment)?.base == base)
        }
        #expect(Bitget().host("main", in: .demo)?.headers == [.init("paptrading", "1")])
        #expect(Bitget().host("main", in: .live)?.headers == [])
    }
}
