/// Passwords that are guessed first: those that leaked most often, few characters, keys in a row, counting,
/// dates, and one or two of the words that stand in every list of leaked passwords, however they are
/// decorated.
enum GuessedPasswords {
    private static let words: Set<String> = Set(
        """
        password passwort motdepasse contrasena parola passw pass word secret admin administrator root user \
        login welcome letmein access master default changeme change temp temporary test testing guest hello \
        iloveyou love lovely loveme princess prince dragon monkey tiger shadow sunshine moonlight flower \
        football baseball basketball soccer hockey superman batman spiderman pokemon starwars starwar matrix \
        michael jordan jennifer jessica ashley daniel thomas robert charlie andrew matthew joshua hunter \
        ranger buster killer trustno trust nothing whatever freedom forever friends family mother father \
        summer winter spring autumn monday friday january february march april june july august september \
        october november december cookie chocolate banana orange apple pepper ginger cheese coffee summer \
        computer internet google facebook samsung microsoft windows android iphone server database oracle \
        keybell exchange trading trader trade bitcoin ethereum crypto binance kraken coinbase bybit kucoin \
        satoshi blockchain wallet hodl moon lambo money dollar million rich silver golden gold diamond \
        black white green blue purple yellow red hot cold cool great good best nice happy lucky baby angel \
        devil jesus christ god heaven company office business manager london paris berlin newyork america \
        germany france england china russia qwerty qwertz azerty asdf zxcv abc abcd the and you my me is for \
        one two three four five six seven eight nine ten zero
        """.split { $0 == " " || $0 == "\n" }.map(String.init))
    private static let longestWord = words.map(\.count).max() ?? 0

    /// Keys as they lie side by side, and what counts itself; read both ways.
    private static let rows = [
        "1234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm",
        "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp",
        "1q2w3e4r5t6y7u8i9o0p", "0123456789",
    ].flatMap { [Array($0 + $0), Array(($0 + $0).reversed())] }
    private static let charactersAtLeast = 5
    private static let wordsAtMost = 2
    /// So few characters beside words and rows are decoration.
    private static let decorationAtMost = 6
    private static let rowAtLeast = 4

    static func holds(_ password: String) -> Bool {
        let plain = Array(PasswordFold.plain(password))
        if Set(plain).count < charactersAtLeast || isRepeated(plain) { return true }
        let lettered = PasswordFold.lettered(plain)
        return isDecorated(plain, like: plain) || isDecorated(lettered, like: plain)
            || isMadeUp(plain, lettered)
    }

    /// Whether one that leaked, and a little decoration before and behind it, are all that there is.
    private static func isDecorated(_ text: [Character], like plain: [Character]) -> Bool {
        let weights = plain.map { $0.isLetter ? 2 : 1 }
        var before = 0
        for start in text.indices {
            var decoration = before + weights[start...].reduce(0, +)
            for end in start..<text.count {
                decoration -= weights[end]
                guard decoration <= decorationAtMost else { continue }
                if LeakedPasswords.hold(String(text[start...end]).utf8) { return true }
            }
            before += weights[start]
            if before > decorationAtMost { return false }
        }
        return false
    }

    /// Twice or more the same, as `abcd1234abcd1234`.
    private static func isRepeated(_ text: [Character]) -> Bool {
        (1..<max(text.count / 2 + 1, 2)).contains { period in
            period <= text.count / 2 && text.indices.allSatisfy { text[$0] == text[$0 % period] }
        }
    }

    /// Whether rows, at most two words and a little decoration are all that there is.
    private static func isMadeUp(_ text: [Character], _ lettered: [Character]) -> Bool {
        // For each place: the least decoration from there on, with 0, 1 and 2 words.
        let end = [Int](repeating: 0, count: wordsAtMost + 1)
        var least = [[Int]](repeating: end, count: text.count + 1)
        for place in text.indices.reversed() {
            let row = rowLength(text[place...])
            let lengths = wordLengths(text[place...]).union(wordLengths(lettered[place...]))
            for words in 0...wordsAtMost {
                var ways = [least[place + 1][words] + (text[place].isLetter ? 2 : 1)]
                if let row { ways.append(least[place + row][words]) }
                if words > 0 { ways += lengths.map { least[place + $0][words - 1] } }
                least[place][words] = ways.min() ?? 0
            }
        }
        return least[0][wordsAtMost] <= decorationAtMost
    }

    private static func wordLengths(_ text: ArraySlice<Character>) -> Set<Int> {
        Set((2...longestWord).filter { $0 <= text.count && words.contains(String(text.prefix($0))) })
    }

    /// The longest row that the text begins with.
    private static func rowLength(_ text: ArraySlice<Character>) -> Int? {
        var longest = 0
        for row in rows {
            for start in 0..<(row.count / 2) where row[start] == text.first {
                let same = zip(row[start...], text).prefix { $0 == $1 }.count
                longest = max(longest, same)
            }
        }
        return longest >= rowAtLeast ? longest : nil
    }
}
