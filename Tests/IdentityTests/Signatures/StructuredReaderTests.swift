import Kernel
import Testing

@testable import Identity

/// RFC 9651, as strictly as we need it.
@Suite struct StructuredReaderTests {
    private func read(_ text: String) -> [(name: String, value: StructuredMember)]? {
        try? StructuredReader.dictionary(text.utf8)
    }

    private func text(_ text: String) -> String? {
        read(text)?.map { member in
            switch member.value {
            case .element(let element): "\(member.name)=\(element.text)"
            case .list(let list): "\(member.name)=\(list.text)"
            }
        }.joined(separator: ", ")
    }

    @Test(arguments: [
        ("", ""), ("a=1", "a=1"), ("a=-15,b=\"x\"", "a=-15, b=\"x\""), ("a;q", "a=?1;q"),
        ("a=?0;x=?1;y=?0", "a=?0;x;y=?0"), ("  a=tok/en*,\t b=*", "a=tok/en*, b=*"),
        ("s=:aGVsbG8=:", "s=:aGVsbG8=:"), ("s=::", "s=::"), (#"s="a\"b\\c""#, #"s="a\"b\\c""#),
        (
            #"sig1=("@method"  "@path" );created=1;keyid="k""#,
            #"sig1=("@method" "@path");created=1;keyid="k""#
        ),
        (#"a=("x";sf;key="y"; z=1)"#, #"a=("x";sf;key="y";z=1)"#), ("a=()", "a=()"),
        ("*a_-.9=999999999999999", "*a_-.9=999999999999999"),
    ])
    func `what is well-formed is read, and written in one form`(source: String, canonical: String) {
        #expect(text(source) == canonical)
    }

    @Test(arguments: [
        "a=", "a=1,", "a=1,,b=2", ",a=1", "a=1 b=2", "A=1", "1=1", "a==1", "a=1;", "a=1;=2", "a=1;B",
        "a=1.5", "a=1.", "a=--1", "a=1000000000000000", "a=-", "a=\"x", "a=\"\\x\"", "a=\"x\u{7F}\"",
        "a=\"\u{E9}\"", "a=:aGVsbG8:", "a=:aGVsbG9=:", "a=:x", "a=: :", "a=?2", "a=?", "a=(", "a=(1",
        "a=(1,2)", "a=(\"x\"\"y\")", "a=(1)b", "a=((1))", "a=@1659578233", "a=%\"x\"", "a=1\n", "a=\t1",
        "a=1, a=2", "a=1;x=1;x=2", "\t", "a=1\u{0}", "é=1",
    ])
    func `what is malformed, doubled, or of a kind that we have no use for is refused`(source: String) {
        #expect(read(source) == nil, "\(source)")
    }

    @Test func `every bound holds`() {
        func members(_ count: Int) -> String { (0..<count).map { "m\($0)=1" }.joined(separator: ",") }
        #expect(read(members(StructuredReader.membersAtMost)) != nil)
        #expect(read(members(StructuredReader.membersAtMost + 1)) == nil)
        func list(_ count: Int) -> String { "a=(\((0..<count).map { "\($0)" }.joined(separator: " ")))" }
        #expect(read(list(StructuredReader.elementsAtMost)) != nil)
        #expect(read(list(StructuredReader.elementsAtMost + 1)) == nil)
        func parameters(_ count: Int) -> String { "a" + (0..<count).map { ";p\($0)" }.joined() }
        #expect(read(parameters(StructuredReader.parametersAtMost)) != nil)
        #expect(read(parameters(StructuredReader.parametersAtMost + 1)) == nil)
        func named(_ count: Int) -> String { String(repeating: "n", count: count) }
        #expect(read(named(StructuredReader.nameBytesAtMost)) != nil)
        #expect(read(named(StructuredReader.nameBytesAtMost + 1)) == nil)
        func quoted(_ count: Int) -> String { "a=\"\(String(repeating: "x", count: count - 4))\"" }
        #expect(read(quoted(StructuredReader.bytesAtMost)) != nil)
        #expect(read(quoted(StructuredReader.bytesAtMost + 1)) == nil)
    }

    @Test func `what is read is written so that it reads the same, and noise never traps`() {
        let random = SeededGenerator(seed: 9421)
        let alphabet = Array("ab=;,:\"()?01 -\\\t*@.%".utf8)
        var accepted = 0
        for _ in 0..<60_000 {
            let noise = (0..<Int(random.next() % 14)).map { _ in
                alphabet[Int(random.next() % UInt64(alphabet.count))]
            }
            let source = String(decoding: noise, as: UTF8.self)
            guard let once = text(source) else { continue }
            accepted += 1
            #expect(text(once) == once, "\(source)")
        }
        #expect(accepted > 1_000)
    }
}
