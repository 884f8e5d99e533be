package shop;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.interceptor.TransactionAspectSupport;

/** Saves orders, and announces them in the transaction that saves them. */
@Service
class Orders {
  private final JdbcClient database;
  private final ApplicationEventPublisher publisher;

  Orders(JdbcClient database, ApplicationEventPublisher publisher) {
    this.database = database;
    this.publisher = publisher;
  }

  @Transactional
  public void create(String title) {
    database.sql("insert into orders (title) values (?)").param(title).update();
    publisher.publishEvent(new OrderCreated(1, title));
  }

  @Transactional
  public void rollBack(String title) {
    create(title);
    TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
  }

  int count(String title) {
    return database.sql("select count(*) from orders where title = ?").param(title).query(Integer.class).single();
  }
}
