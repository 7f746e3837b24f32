package import Crypto

/// A file of another program, read whole into guarded memory.
package final class KeyFile: Sendable {
    /// Whoever holds credentials in a megabyte of settings has something else in there.
    package static let bytesAtMost = 1 << 20

    /// As it was called on the command line; hummingbot's older files tell by it what they hold.
    package let name: String
    let content: Secret

    /// - Parameter content: at most `bytesAtMost`.
    package init(name: String, content: consuming Secret) {
        precondition(content.count <= Self.bytesAtMost, "the caller reads no longer files")
        self.name = name
        self.content = content
    }

    /// The last part of the path.
    var baseName: Substring { name.split(separator: "/").last ?? Substring(name) }
}

/// Programs whose files we know, each by its own way of writing credentials.
package enum KeyFileFormat: String, CaseIterable, Sendable {
    /// Lines of NAME=value.
    case env
    /// JSON with ccxt's names: apiKey, secret, password.
    case ccxt
    case freqtrade
    /// conf/connectors/*.yml, and before that conf/encrypted_*.json: sealed under a password.
    case hummingbot
}
