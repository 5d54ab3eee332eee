import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;

/** What java.util.Properties finds: one line {"format","bytes"} in, one line of data out; it stops where its input does. */
class Readers {
  public static void main(String[] arguments) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line; (line = lines.readLine()) != null; ) {
      var bytes = Base64.getDecoder().decode(line.replaceAll(".*\"bytes\":\"([^\"]*)\".*", "$1"));
      var found = new Properties();
      var answer = new StringBuilder("{\"data\":{");
      try {
        var stream = new ByteArrayInputStream(bytes);
        if (line.contains("\"latin1\"")) found.load(stream);
        else found.load(new InputStreamReader(stream, StandardCharsets.UTF_8));
        var comma = "";
        for (var name : found.stringPropertyNames()) {
          answer.append(comma).append(quoted(name)).append(':').append(quoted(found.getProperty(name)));
          comma = ",";
        }
        answer.append("}}");
      } catch (IllegalArgumentException error) {
        answer = new StringBuilder("{\"error\":" + quoted(error.getMessage()) + "}");
      }
      System.out.println(answer);
    }
  }

  static String quoted(String text) {
    var made = new StringBuilder("\"");
    for (var sign : text.toCharArray())
      if (sign >= ' ' && sign <= '~' && sign != '"' && sign != '\\') made.append(sign);
      else made.append(String.format("\\u%04x", (int) sign));
    return made.append('"').toString();
  }
}
