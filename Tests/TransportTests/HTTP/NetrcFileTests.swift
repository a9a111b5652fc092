import Testing

@testable import Transport

@Suite struct NetrcFileTests {
  @Test(arguments: [
    ("machine h login a password b", "a:b"), ("machine h\n  login a\n  password b\nmachine g login c", "a:b"),
    ("machine g login c password d", nil), ("default login a password b", "a:b"),
    ("machine g login c password d default login a password b", "a:b"),
    ("machine h login a password b default login c password d", "a:b"), ("machine H password b", ":b"),
    ("# machine h login x\nmachine h login a password b # why", "a:b"),
    ("machine h password \"b c\\\"\" login a", "a:b c\""),
    ("macdef init\nmachine h login x password y\n\nmachine h login a password b", "a:b"), ("machine", nil),
    ("machine h login", nil), ("", nil), ("machine h account z login a password b", "a:b"),
  ])
  func reads(_ text: String, _ expected: String?) {
    #expect(NetrcFile.credentials(for: "h", in: text) == expected)
  }
}
