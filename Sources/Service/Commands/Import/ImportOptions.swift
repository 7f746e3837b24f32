import Exchanges
import HTTPClient
import KeyFiles
import Kernel

/// What `keybell import` was asked to do.
struct ImportOptions {
    static let usage = """
        usage: keybell import FILE… [--format env|ccxt|freqtrade|hummingbot] [--url URL] [--account NAME]
                              [--environment live|testnet|demo] [--owner ID] [--label-prefix TEXT]
                              [--token-file FILE] [--ca-file FILE] [--yes]

        Reads exchange keys out of files of other programs, shows what it found, asks, and registers each.
        The format is told by the content. Nothing of a secret is ever shown.

        --url           the service (http://127.0.0.1:8720); by http on this machine only
        --account       for all of them, instead of what the files suggest
        --environment   where a file does not say (live)
        --owner         whose keys they become (yours)
        --token-file    a file with an access token; otherwise it is asked for
        --ca-file       PEM of the authorities to trust for https (the system's)
        --yes           does not ask before it registers

        hummingbot's password is asked for; its .password_verification is looked for beside the files.
        """

    struct Mistake: Error { let sentence: String }

    let files: [String]
    let format: KeyFileFormat?
    let service: OutgoingURL
    let naming: ImportPlan.Naming
    let owner: String?
    let tokenFile: String?
    let authorityFile: String?
    let isConfirmed: Bool

    /// The service may stand anywhere; how it is reached is checked below.
    static let allowance = Allowance(
        privateAddresses: true, plainHTTP: true, anyPort: true, ports: Set(UInt16.min...UInt16.max))

    init(_ arguments: [String]) throws(Mistake) {
        let options: Options
        do throws(Options.Unknown) {
            options = try Options(arguments, taking: Self.names, flags: ["--yes"], takesOperands: true)
        } catch {
            throw Mistake(sentence: "\(Printable.text(error.argument)) is not understood")
        }
        guard !options.operands.isEmpty else { throw Mistake(sentence: "name at least one file") }
        files = options.operands
        format = try Self.choice("--format", options, KeyFileFormat.self)
        service = try Self.url(options.values["--url"] ?? "http://127.0.0.1:8720")
        naming = ImportPlan.Naming(
            account: try Self.name("--account", options),
            environment: try Self.choice("--environment", options, Environment.self) ?? .live,
            prefix: try Self.name("--label-prefix", options))
        owner = options.values["--owner"]
        tokenFile = options.values["--token-file"]
        authorityFile = options.values["--ca-file"]
        isConfirmed = options.flags.contains("--yes")
    }

    private static let names: Set<String> = [
        "--format", "--url", "--account", "--environment", "--owner", "--label-prefix", "--token-file",
        "--ca-file",
    ]

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ options: Options, _: Choice.Type
    ) throws(Mistake) -> Choice? where Choice.RawValue == String {
        guard let text = options.values[name] else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw Mistake(sentence: "\(name) must be one of \(choices)")
    }

    private static func name(_ name: String, _ options: Options) throws(Mistake) -> String? {
        guard let text = options.values[name] else { return nil }
        guard !text.allSatisfy(\.isWhitespace), Printable.text(text) == text else {
            throw Mistake(sentence: "\(name) must have 1 to 100 characters, no control characters")
        }
        return text
    }

    /// Secrets cross no network in the clear.
    private static func url(_ text: String) throws(Mistake) -> OutgoingURL {
        let url: OutgoingURL
        do throws(URLRefusal) {
            url = try OutgoingURL(text, allowance: allowance)
        } catch {
            throw Mistake(sentence: "--url must be https://HOST or http://127.0.0.1:PORT")
        }
        guard url.target == "/" else { throw Mistake(sentence: "--url must have no path") }
        let isHere =
            switch url.host {
            case .address(let address): address.isLoopback
            case .name(let name): name == "localhost"
            }
        guard !url.isPlain || isHere else {
            throw Mistake(sentence: "--url must begin with https: secrets would cross the network in clear")
        }
        return url
    }
}
