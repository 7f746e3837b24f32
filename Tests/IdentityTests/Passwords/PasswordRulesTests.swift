import Access
import Crypto
import Kernel
import TestSupport
import Testing

@testable import Identity

struct PasswordRulesTests {
    private static let ann = Principal(
        id: PrincipalID(.user, UUID(high: 1, low: 1)), name: "Ann O'Leary-Schmidt",
        email: "A.Leary77@desk.example",
        status: .active, createdAt: .testStart, updatedAt: .testStart, revision: 1, hasJoined: true, roles: []
    )

    @Test(arguments: [
        "correct horse battery staple", "four candles of a quiet week", "xK9#mQ2$vL7p",
        "пароль из двух слов!",
        "e\u{301}toile polaire d'hiver", "1 glass of water, 2 spoons", "🦊🐢🐙🦑🐝🦋🐞🦀🐠🐬🐳🦉",
        "thesplendidtablewalks", "9f8e7d6c5b4a-not-hex-only",
    ])
    func `what nobody guesses first is taken, whatever it is made of`(password: String) {
        #expect(PasswordRules.mistake(password) == nil)
        #expect(PasswordRules.mistake(password, of: Self.ann) == nil)
    }

    @Test(arguments: [
        "password1234", "P@ssw0rd1234", "Passw0rd!!!!", "qwertyuiop12", "1qaz2wsx3edc", "123456789012",
        "012345678901", "aaaaaaaaaaaa", "abcabcabcabc", "iloveyou2024", "ILoveYou!!2024", "letmein12345",
        "dragonmonkey", "Welcome2024!!", "administrator", "changeme12345", "qwerty123456", "zxcvbnm12345",
        "poiuytrewq12", "summer2024!!", "bitcoin12345", "Keybell2026!", "passwordpassword",
        "trustno1trustno1",
        "liverpool123", "samurai1!2026", "p1nkfl0yd1973", "!!charlotte99!", "supernatural", "gfhjkmgfhjkm",
        "abcdefghijkl", "zyxwvutsrqpo", "1234qwerasdf", "121212121212", "sunshine!!!!1", "monkey123456",
    ])
    func `what is guessed first is refused, however it is decorated`(password: String) {
        #expect(PasswordRules.mistake(password) == "is among those that are guessed first")
    }

    @Test func `what leaked most often is known from the first line to the last, and nothing else`() {
        for word in ["000000", "password", "liverpool", "zzzzzz", "zxcvbnm"] {
            #expect(LeakedPasswords.hold(word.utf8), "\(word)")
        }
        for word in ["", "passwor", "passwords of", "~~~~~~~~", "!", "liverpoo", "00000", "\n", "zzzzzz\n"] {
            #expect(!LeakedPasswords.hold(word.utf8), "\(word)")
        }
    }

    @Test(arguments: ["my keybell is ringing loud", "K3yb3ll of the northern pier"])
    func `the service's name is refused`(password: String) {
        #expect(PasswordRules.mistake(password) == "must not contain keybell")
    }

    @Test func `the length counts in normal form C`() {
        #expect(PasswordRules.mistake("kx9-mq2-vl7")?.contains("at least 12") == true)
        #expect(PasswordRules.mistake("kx9-mq2-vl7p") == nil)
        // Eleven letters, one of them written as two code points.
        #expect(PasswordRules.mistake("kx9-mq2-vle\u{301}")?.contains("at least 12") == true)
        let long = (0..<32).map { "w\($0)z" }.joined().prefix(128)
        #expect(PasswordRules.mistake(String(long)) == nil)
        #expect(PasswordRules.mistake(String(repeating: "kx9m", count: 40))?.contains("at most 128") == true)
        #expect(PasswordRules.mistake("kx9-mq2-vl7p\u{0}") == "must not hold NUL")
    }

    @Test(arguments: [
        "oleary walks at night", "the LEARY of old days", "xx schmidt of xx yy", "a.leary77 for a while",
        "my leary77 and others",
    ])
    func `one's own name or address is refused`(password: String) {
        #expect(PasswordRules.mistake(password) == nil)
        #expect(PasswordRules.mistake(password, of: Self.ann) == "must not contain your name or address")
    }

    @Test func `short words of a name stand in too many others`() {
        #expect(PasswordRules.mistake("banner of annual ants", of: Self.ann) == nil)
    }
}

struct PasswordHasherTests {
    @Test func `a password fits in whatever form it is typed, and nobody's fits`() async throws {
        let hasher = try PasswordHasher()
        defer { hasher.stop() }
        let place = try hasher.place()
        let hash = try await hasher.hash("e\u{301}toile polaire", place)
        #expect(hash.text.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await hasher.matches("\u{e9}toile polaire", hash, place))
        #expect(try await !hasher.matches("etoile polaire", hash, place))
        #expect(try await !hasher.matches("etoile polaire", nil, place))
    }

    @Test func `the thirty-third is told to come again, until one has left`() throws {
        let hasher = try PasswordHasher()
        defer { hasher.stop() }
        do {
            var places = PlaceHolder()
            try places.fill(hasher)
            #expect(throws: (any Error).self) { _ = try hasher.place() }
            places.leave()
            _ = try hasher.place()
        }
        _ = try hasher.place()
    }
}

/// Places in line, kept and left.
private struct PlaceHolder: ~Copyable {
    private var held: [Held] = []

    private final class Held {
        let place: PasswordHasher.Place
        init(_ place: consuming PasswordHasher.Place) { self.place = place }
    }

    mutating func fill(_ hasher: PasswordHasher) throws {
        for _ in 0..<PasswordHasher.placesAtMost { held.append(Held(try hasher.place())) }
    }

    mutating func leave() { held.removeLast() }
}
