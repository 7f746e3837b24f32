import Testing

@testable import Postgres

@Suite struct DatabaseURLTests {
    @Test func `hosts, ports, user, password and options are read`() throws {
        let url = try DatabaseURL(
            "postgres://me:p%40ss@a.example:6000,[::1],10.0.0.1:7000/base?sslmode=verify-full")
        #expect(url.hosts.map(\.name) == ["a.example", "::1", "10.0.0.1"])
        #expect(url.hosts.map(\.port) == [6_000, 5_432, 7_000])
        #expect(url.user == "me")
        #expect(url.password == "p@ss")
        #expect(url.database == "base")
        #expect(url.options == ["sslmode": "verify-full"])
    }

    @Test func `a socket's folder stands in the host or in the options`() throws {
        let encoded = try DatabaseURL("postgresql://me@%2Frun%2Fpostgresql/base")
        let option = try DatabaseURL("postgres:///base?host=/run/postgresql&user=me")
        #expect(encoded == option)
        #expect(encoded.hosts == [.init(name: "/run/postgresql")])
    }

    @Test func `no description shows the password`() throws {
        let url = try DatabaseURL("postgres://me:hunter2@host/base")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] { #expect(!text.contains("hunter2")) }
    }

    @Test(arguments: [
        ("postgres://10.0.0.7/base", true), ("postgres://db.example/base?sslmode=require", true),
        ("postgres://localhost,db.example/base", true),
        ("postgres://db.example/base?sslmode=verify-full", false),
        ("postgres://localhost/base", false), ("postgres://127.0.0.1,[::1]:7000/base", false),
        ("postgres:///base?host=/run/postgresql", false),
    ])
    func `a database elsewhere has to prove who it is`(text: String, isOpen: Bool) throws {
        #expect(try DatabaseURL(text).isOpenOnTheWay == isOpen)
    }

    @Test(arguments: [
        ("mysql://host/base", DatabaseURLError.scheme), ("postgres:///base", .host),
        ("postgres://host:0/base", .port),
        ("postgres://host:70000/base", .port), ("postgres://a%2/base", .encoding),
        ("postgres://a%00/base", .encoding),
        ("postgres://host/base?options=-c%20fsync", .option("options")),
        (
            "postgres://host/base?sslmode=bogus",
            .value(
                option: "sslmode",
                of: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
        ),
        ("postgres://me:1/word@host/base", .unescaped), ("postgres://me:1?word@host/base", .unescaped),
    ])
    func `mistakes are named`(text: String, error: DatabaseURLError) {
        #expect(throws: error) { try DatabaseURL(text) }
    }

    @Test(arguments: [
        "postgres://host/base?user=me@server", "postgres://host/base?password=a@b&sslmode=",
        "postgres://me:1@host/base?sslcert=/keys/me@host.pem",
        "postgres://host?ssl_min_protocol_version=tlsv1.2",
    ])
    func `what libpq reads is read`(text: String) throws {
        #expect(try DatabaseURL(text).hosts.map(\.name) == ["host"])
    }

    @Test func `only what libpq cannot do without has to be there`() throws {
        let files = "sslcert=/a&sslkey=engine:x&sslcrl=/b&sslrootcert=/c"
        #expect(try DatabaseURL("postgres://host?\(files)").files.isEmpty)
        #expect(try DatabaseURL("postgres://host?\(files)&sslmode=verify-ca").files.map(\.path) == ["/c"])
    }
}
