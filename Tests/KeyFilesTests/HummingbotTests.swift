import Crypto
import Exchanges
import Foundation
import Testing

@testable import KeyFiles

@Suite struct HummingbotTests {
    private func password(_ text: String = "Passwort für den Bot") throws -> Secret {
        try Secret(copying: Array(text.utf8))
    }

    private static let connectors = [
        "okx", "binance_perpetual_testnet", "gate_io", "hyperliquid", "bybit_other_password",
    ].map { "hummingbot/connectors/\($0).yml" }
    private static let old = ["api_key", "secret_key", "passphrase"].map {
        "hummingbot/old/encrypted_kucoin_\($0).json"
    }

    @Test func `the password opens connectors and older files`() throws {
        let names = Self.connectors + Self.old + ["hummingbot/.password_verification"]
        var reading = try KeyFileReading(names.map(fixture))
        #expect(reading.isLocked && reading.found.isEmpty && reading.refused.isEmpty)
        try reading.unlock(with: password())
        #expect(!reading.isLocked)
        #expect(
            reading.found.map(\.summary) == [
                "okx - - \"okx\" 0b1c…d9e0 hummingbot/connectors/okx.yml:5 usable",
                "binance testnet - \"binance perpetual testnet\" thrB…6789 "
                    + "hummingbot/connectors/binance_perpetual_testnet.yml:5 usable",
                "gate - - \"gate\" thrG…6789 hummingbot/connectors/gate_io.yml:5 usable",
                "?hyperliquid - - \"hyperliquid\" 0x01…6789 hummingbot/connectors/hyperliquid.yml:5 "
                    + "hyperliquid is no exchange that Keybell knows",
                "bybit - - \"bybit\"  hummingbot/connectors/bybit_other_password.yml:5 "
                    + "it is sealed under another password",
                "kucoin - - \"kucoin\" thrK…6789 hummingbot/old/encrypted_kucoin_api_key.json usable",
            ])
        #expect(
            reading.found.map(\.secretText) == [
                "THROWAWAYOKXSECRET0123456789ABCD", "thrBnPerpTestSecret0123456789",
                "thrGateSecret0123456789", nil, nil, "thrKucoinSecret0123456789",
            ])
        #expect(reading.found.first?.passphraseText == "throw away words")
        #expect(reading.found.last?.passphraseText == "kcpass")
    }

    @Test func `a wrong password is told, with and without hummingbot's own check`() throws {
        for names in [Self.connectors + ["hummingbot/.password_verification"], Self.connectors, Self.old] {
            var reading = try KeyFileReading(names.map(fixture))
            #expect(throws: KeyFileReading.Mistake.wrongPassword) {
                try reading.unlock(with: password("Passwort fur den Bot"))
            }
            #expect(reading.isLocked && reading.found.isEmpty)
            try reading.unlock(with: password())
            #expect(reading.found.first?.verdict == .usable)
        }
    }

    /// The PBKDF2 vector of the Web3 Secret Storage definition. (Its other one has an N beyond RFC 7914.)
    @Test func `a published key file opens`() throws {
        let json = """
            {"crypto": {"cipher": "aes-128-ctr", "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
            "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46", "kdf": "pbkdf2",
            "kdfparams": {"c": 262144, "dklen": 32, "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
            "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"}, "version": 3}
            """
        let value = try #require(Array(json.utf8).withUnsafeBytes { SealedValue(json: $0) })
        let opened = try value.open(password("testpassword"))
        #expect(
            opened.withBytes { Hex.encode($0) }
                == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
    }

    @Test func `an altered value stays shut, and one that is sealed otherwise is refused`() throws {
        let good = try fixture(Self.connectors[0]).content.withBytes { String(decoding: $0, as: UTF8.self) }
        let ciphertext = try #require(good.range(of: Hex.encode(Array("ciphertext\": \"".utf8))))
        var altered = good
        let digits = ciphertext.upperBound..<good.index(ciphertext.upperBound, offsetBy: 2)
        altered.replaceSubrange(digits, with: good[digits] == "31" ? "32" : "31")
        var reading = try KeyFileReading([keyFile(altered), fixture(Self.connectors[1])])
        try reading.unlock(with: password())
        #expect(reading.found.map(\.verdict) == [.refused(.otherPassword), .usable])

        let foreign = good.replacing(
            Hex.encode(Array("aes-128-ctr".utf8)), with: Hex.encode(Array("aes-256-gcm".utf8)))
        reading = try KeyFileReading([keyFile(foreign), fixture(Self.connectors[1])])
        try reading.unlock(with: password())
        #expect(reading.found.map(\.verdict) == [.refused(.sealedUnreadably), .usable])
    }

    @Test func `a file that asks for hours of work is refused`() throws {
        let json =
            #"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"00"},"ciphertext":"00","kdf":"pbkdf2","#
            + #""kdfparams":{"c":1000000000,"dklen":32,"prf":"hmac-sha256","salt":"00"},"mac":""#
            + String(repeating: "00", count: 32) + #""},"version":3}"#
        #expect(Array(json.utf8).withUnsafeBytes { SealedValue(json: $0) } == nil)
    }
}
