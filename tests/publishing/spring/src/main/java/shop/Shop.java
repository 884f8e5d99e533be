package shop;

import java.util.Scanner;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Carries out the test's commands with the page's OrderEvents and Tokens (README.md). */
@SpringBootApplication
class Shop {
  public static void main(String[] arguments) {
    SpringApplication.run(Shop.class, arguments).close();
  }

  @Bean
  CommandLineRunner commands(Orders orders) {
    return arguments -> {
      for (Scanner lines = new Scanner(System.in); lines.hasNextLine();) {
        String[] words = lines.nextLine().split(" ", 2);
        System.out.println(answer(orders, words[0], words[1]));
      }
    };
  }

  private static String answer(Orders orders, String command, String argument) {
    switch (command) {
      case "create":
        orders.create(argument);
        return orders.count(argument) > 0 ? "created" : "failed: the order is not saved";
      case "rollback":
        orders.rollBack(argument);
        return "rolled back";
      default:
        return "token " + Tokens.tokenFor(argument);
    }
  }
}
