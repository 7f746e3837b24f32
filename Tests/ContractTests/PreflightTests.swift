import Crypto
import Glibc
import TestSupport
import Testing

@testable import Service

/// What `check-config` and a start see of this machine before anything is made.
struct PreflightTests {
    private static let key = "kbroot1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K"

    private func mistakes(_ folder: TestFolder, _ said: [String: String]) throws -> [String] {
        var environment = ["KEYBELL_DATA_DIR": folder.file("data"), "KEYBELL_LISTEN": "127.0.0.1:0"]
        environment["KEYBELL_ROOT_KEY_FILE"] = folder.file("apart/root.key")
        environment.merge(said) { $1 }
        do throws(SettingsMistakes) {
            _ = try Settings(
                environment: environment, home: folder.path, isRoot: false, cores: 1,
                looking: Preflight.mistakes)
            return []
        } catch {
            return error.lines
        }
    }

    private func with(_ body: (TestFolder) throws -> Void) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try body(folder)
    }

    @Test func `a first start's folders need not be there, and are not made`() throws {
        try with { folder in
            let found = try mistakes(folder, [:])
            #expect(found == [])
            #expect(folder.read("data") == nil && access(folder.file("apart"), F_OK) != 0)
        }
    }

    @Test func `what this machine lacks is named at once, with what is misspelt`() throws {
        try with { folder in
            try folder.write("no certificate", to: "cert.pem")
            try folder.write(Self.key, to: "root.key")
            chmod(folder.file("root.key"), 0o644)
            let found = try mistakes(
                folder,
                [
                    "KEYBELL_LOOPS": "none", "KEYBELL_LISTEN": "192.0.2.1:8720",
                    "KEYBELL_DATA_DIR": folder.file("cert.pem"),
                    "KEYBELL_ROOT_KEY_FILE": folder.file("root.key"),
                    "KEYBELL_TLS_CERT": folder.file("cert.pem"), "KEYBELL_TLS_KEY": folder.file("none.pem"),
                    "KEYBELL_EGRESS_ADDRESSES": "127.0.0.1,192.0.2.7",
                    "KEYBELL_DATABASE_URL":
                        "postgres://db.example/desk?sslmode=verify-full&sslrootcert=/none/ca.pem",
                ])
            for name in [
                "KEYBELL_LOOPS", "KEYBELL_LISTEN", "KEYBELL_DATA_DIR", "KEYBELL_ROOT_KEY_FILE",
                "KEYBELL_TLS_KEY", "KEYBELL_EGRESS_ADDRESSES names 192.0.2.7",
                "KEYBELL_DATABASE_URL names /none/ca.pem",
            ] {
                #expect(found.contains { $0.hasPrefix(name) }, "\(name): \(found)")
            }
            #expect(found.count == 7, "\(found)")
        }
    }

    @Test(arguments: [
        ("KEYBELL_DATA_DIR", "/proc/keybell"), ("KEYBELL_DATA_DIR", "/etc/passwd"),
        ("KEYBELL_ROOT_KEY_FILE", "/etc"), ("KEYBELL_ROOT_KEY_FILE", "/etc/passwd/root.key"),
        ("KEYBELL_LISTEN", "unix:/etc/passwd/keybell.sock"), ("KEYBELL_ROOT_KEY", "abc"),
    ])
    func `what can never be is refused by its setting`(name: String, text: String) throws {
        try with { folder in
            let found = try mistakes(folder, [name: text])
            #expect(found.count == 1 && found[0].hasPrefix("\(name) "), "\(found)")
            #expect(name != "KEYBELL_ROOT_KEY" || !found[0].contains("abc"))
        }
    }

    @Test func `a root key in the data folder is refused, by whatever way it leads there`() throws {
        try with { folder in
            mkdir(folder.file("data"), 0o700)
            symlink(folder.file("data"), folder.file("link"))
            for path in ["data/root.key", "data/keys/root.key", "link/root.key", "data/../link/root.key"] {
                let found = try mistakes(folder, ["KEYBELL_ROOT_KEY_FILE": folder.file(path)])
                #expect(found.count == 1 && found[0].contains("data folder"), "\(path): \(found)")
            }
            let beside = try mistakes(folder, ["KEYBELL_ROOT_KEY_FILE": folder.file("data-apart/root.key")])
            #expect(beside == [])
        }
    }

    @Test(arguments: [
        (["KEYBELL_LISTEN": "0.0.0.0:8720", "KEYBELL_TRUSTED_PROXIES": "10.0.0.1"], "http://127.0.0.1:8720"),
        ([:], "http://127.0.0.1:8720"),
        (["KEYBELL_LISTEN": "unix:/run/keybell.sock"], "unix:/run/keybell.sock"),
        (["KEYBELL_TLS_CERT": "/c", "KEYBELL_TLS_KEY": "/k"], "https://keybell.desk.example"),
        (
            ["KEYBELL_TLS_CERT": "/c", "KEYBELL_TLS_KEY": "/k", "KEYBELL_TRUSTED_PROXIES": "10.0.0.1"],
            "https://\(hostName()):8720"
        ),
    ])
    func `keepers are sent to the node itself, not to a proxy`(said: [String: String], place: String) throws {
        let environment = said.merging(["KEYBELL_PUBLIC_ORIGIN": "https://keybell.desk.example"]) { $1 }
        let settings = try Settings(environment: environment, home: "/h", isRoot: false, cores: 1)
        #expect(settings.unsealPlace == place)
    }

    @Test(arguments: [
        "KEYBELL_LOG=info\nKEYBELL_LOG=debug", "KEYBEL_LOG=info", "export KEYBELL_LOG=info",
        "keybell_log=info",
    ])
    func `an env file sets nothing twice, and nothing that is nearly a setting`(text: String) {
        #expect(EnvironmentFile.parse(text).mistakes.count == 1)
    }

    @Test func `an env file may hold the names of others`() throws {
        let read = EnvironmentFile.parse("POSTGRES_PASSWORD=x\nHOME=/h\n")
        #expect(read.values.count == 2 && read.mistakes == [])
    }

    @Test func `mistakes of the env file and of what it sets are told together`() {
        let read = EnvironmentFile.parse("KEYBELL_LOG=info\nKEYBELL_LOG=debug\nnothing\nKEYBELL_LOOPS=none")
        #expect(read.mistakes.count == 2 && read.values["KEYBELL_LOOPS"] == "none")
        #expect {
            try Settings(
                environment: read.values, home: "/h", isRoot: false, cores: 1, knowing: read.mistakes)
        } throws: { error in
            let lines = (error as? SettingsMistakes)?.lines ?? []
            return lines.count == 3 && lines.contains { $0.hasPrefix("KEYBELL_LOOPS ") }
        }
    }

    @Test(arguments: ["KEYBELL_TLS_CERT", "KEYBELL_TLS_KEY"])
    func `a file that TLS names is looked at, with the other one missing, too`(name: String) throws {
        try with { folder in
            let found = try mistakes(folder, [name: folder.file("none.pem")])
            #expect(found.count == 2 && found.contains { $0.hasPrefix("\(name) \(folder.file("none.pem"))") })
        }
    }

    @Test func `a root key that lies in the data folder already is used, with a warning`() throws {
        try with { folder in
            mkdir(folder.file("data"), 0o700)
            try folder.write(Self.key, to: "data/root.key")
            chmod(folder.file("data/root.key"), 0o600)
            var warnings: [String] = []
            for path in ["data/root.key", "root.key"] {
                let settings = try Settings(
                    environment: [
                        "KEYBELL_DATA_DIR": folder.file("data"), "KEYBELL_ROOT_KEY_FILE": folder.file(path),
                        "KEYBELL_LISTEN": "127.0.0.1:0",
                    ], home: folder.path, isRoot: false, cores: 1, looking: Preflight.mistakes)
                warnings += Preflight.warnings(of: settings)
            }
            #expect(warnings.count == 1 && warnings[0].contains("data/root.key is in the data folder"))
        }
    }
}
