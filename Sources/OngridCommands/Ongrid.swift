public enum Ongrid { public static func main() {} }
