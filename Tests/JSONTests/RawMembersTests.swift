import JSON
import Kernel
import Testing

struct RawMembersTests {
    @Test func `a member is found where the whole would find it`() throws {
        let texts = [
            #"{}"#, #"{"a":1}"#, #" { "a" : "x,}\"" , "b":{"a":[1,{"c":"]"}]},"c":null } "#,
            #"{"\u0061":"A","b":"\\"}"#, #"{"é":-1.5e3,"":true,"a\"b":[[],{}]}"#,
        ]
        for text in texts {
            let whole = try JSONValue.parse(text)
            let raw = RawMembers(Array(text.utf8))
            for name in ["a", "b", "c", "d", "é", "", "a\"b"] {
                #expect(raw.value(name) == whole[name], "\(name) of \(text)")
            }
            #expect(raw.names == whole.asObject?.members.map(\.name))
        }
    }

    @Test func `what is no object has no members, however it is cut`() {
        let text = Array(#"{"a":{"b":[1,"x\"y"]},"c":"d"}"#.utf8)
        for length in text.indices {
            _ = RawMembers(Array(text.prefix(length))).value("c")
            #expect(RawMembers(Array(text.suffix(length))).value("zz") == nil)
        }
    }
}
