import Identity
import Kernel

extension FuzzTarget {
    /// Only what we made is read, for one purpose only, and nothing that differs by a byte.
    static let accessToken = FuzzTarget(name: "AccessToken") { input throws(Finding) in
        for purpose in AccessTokenSecret.Purpose.allCases {
            guard let secret = AccessTokenSecret(purpose, parsing: input) else { continue }
            try checkAccepted(secret, input)
        }
        guard let purpose = AccessTokenSecret.Purpose.allCases.first else { return }
        let made = AccessTokenSecret(purpose, entropy(from: input))
        try checkAccepted(made, Array(made.text.utf8))
        try checkChanged(made, by: input)
    }

    private static func checkAccepted(_ secret: AccessTokenSecret, _ text: [UInt8]) throws(Finding) {
        try require(Array(secret.text.utf8) == text, "a token has two spellings")
        try require(text.starts(with: secret.purpose.rawValue.utf8), "a token lacks its prefix")
        try require(!"\(secret)".contains(secret.text), "a token shows itself in a log")
        for purpose in AccessTokenSecret.Purpose.allCases where purpose != secret.purpose {
            try require(AccessTokenSecret(purpose, parsing: text) == nil, "a token serves two purposes")
        }
    }

    /// The checksum finds every change of up to four bytes in a row (CRC-32).
    private static func checkChanged(_ secret: AccessTokenSecret, by input: [UInt8]) throws(Finding) {
        var text = Array(secret.text.utf8)
        guard let first = input.first, let last = input.last else { return }
        let position = Int(first) % text.count
        let isSame = text[position] == last
        text[position] = last
        let isRead = AccessTokenSecret(secret.purpose, parsing: text) != nil
        try require(isRead == isSame, "a token with another byte at \(position) is read")
    }

    /// The input's bytes over and over: never none that count, or a token could not be made.
    private static func entropy(from input: [UInt8]) -> Entropy {
        let bytes = input.filter { $0 < 248 } + [7]
        return Entropy { count in (0..<count).map { bytes[$0 % bytes.count] } }
    }
}
